import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROLES, readRoleSettings } from '../../apps/bursar/roles/role.settings.js';
import { REPOSITORY, fileAt } from '../architecture/source-files.js';
import { type ComposeService, commandOf, readCompose } from '../support/compose.reader.js';

const compose = readCompose();
const services = Object.entries(compose.services);
const own = services.filter(([, { build }]) => build !== undefined);
const foreign = services.filter(([, { build }]) => build === undefined);

describe('docker-compose.yml', () => {
  it('has the log, the bus, the sandbox, and each of the five processes', () => {
    const names = services.map(([name]) => name);
    expect(names).toEqual(expect.arrayContaining([...ROLES, 'eventstore', 'nats', 'sandbox']));
  });

  it.each([...ROLES])('starts a %s by its own command, with settings that it takes', (role) => {
    const service = compose.services[role] as ComposeService;
    expect(commandOf(service)).toEqual({ program: 'dist/apps/bursar/main.js', args: [role] });
    expect(readRoleSettings(role, service.environment ?? {})).toMatchObject({ role, port: 7070 });
  });

  it.each(own)(
    'runs %s from the one image, and lets it change and become as little as can be',
    (_, service) => {
      expect(service).toMatchObject({
        ...{ image: compose.services['gateway']?.image, build: '.', read_only: true },
        ...{ cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] },
      });
    },
  );

  it.each(foreign)('pins the version of %s', (_, { image }) => {
    expect(image).toMatch(/^[\w/-]+:v?\d+\.\d+\.\d+[\w.-]*$/);
  });

  it.each(services)('knows whether %s is well, if it is there to stay', (name, { healthcheck }) => {
    if (name === 'tenant') expect(healthcheck).toEqual({ disable: true });
    else expect(healthcheck?.test?.length).toBeGreaterThan(1);
  });

  it.each(services)(
    'starts %s only after what is declared, and healthy',
    (_, { depends_on = {} }) => {
      for (const [name, { condition }] of Object.entries(depends_on)) {
        expect(Object.keys(compose.services)).toContain(name);
        expect(condition).toBe('service_healthy');
      }
    },
  );

  it.each(services)('opens %s to the machine itself only', (_, { ports = [] }) => {
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  it.each(services)(
    'gives %s secrets and volumes that are declared',
    (_, { secrets = [], volumes = [] }) => {
      for (const { source } of secrets) expect(Object.keys(compose.secrets)).toContain(source);
      for (const volume of volumes) {
        const [from = ''] = volume.split(':');
        if (from.startsWith('./deploy/'))
          expect(existsSync(join(REPOSITORY, from)), from).toBe(true);
        else if (!/^[./]/.test(from)) expect(Object.keys(compose.volumes)).toContain(from);
      }
    },
  );

  it('gives each process its own key for NATS and nobody else’s', () => {
    for (const role of ROLES) {
      const keys = compose.services[role]?.secrets?.filter(({ target }) => target === 'nats_key');
      expect(keys).toEqual([{ source: `nats_${role}`, target: 'nats_key' }]);
      expect(compose.secrets[`nats_${role}`]?.file).toBe(`deploy/nats/keys/${role}.nk`);
    }
  });

  it('keeps every secret out of the repository and out of the image', () => {
    const ignored = fileAt('.gitignore').text.split('\n');
    for (const { file } of Object.values(compose.secrets))
      expect(
        ignored.some(
          (line) => line !== '' && `/${file}`.startsWith(line.startsWith('/') ? line : `/${line}`),
        ),
        file,
      ).toBe(true);
    // Nothing gets in but what is named.
    expect(fileAt('.dockerignore').text.split('\n')[0]).toBe('*');
    expect(fileAt('.dockerignore').text).not.toMatch(/^!(deploy|data)/m);
  });
});

describe('the image', () => {
  const dockerfile = fileAt('Dockerfile').text;
  const stages = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image);

  it('is built in one stage and run in another, from pinned versions', () => {
    expect(stages).toHaveLength(2);
    for (const image of stages) expect(image).toMatch(/^node:\d+\.\d+\.\d+-[\w-]+$/);
  });

  it('runs as nobody special', () => {
    const users = [...dockerfile.matchAll(/^USER (\S+)/gm)].map(([, user]) => user);
    expect(users).toEqual(['node']);
  });

  it('copies nothing that is not there', () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(
      ([, from = '']) => from.split(' '),
    );
    expect(copied.length).toBeGreaterThan(4);
    for (const path of copied) expect(existsSync(join(REPOSITORY, path)), path).toBe(true);
  });
});
