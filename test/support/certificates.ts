import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface CertificateFiles {
  certificateFile: string;
  keyFile: string;
  caFile: string;
}

/** Makes a certificate authority in a folder, and certificates for this machine that it signed, with the `openssl` command. */
export async function certificateAuthority(folder: string, name: string) {
  const path = (file: string) => join(folder, `${name}-${file}`);
  const openssl = (...args: string[]) => run('openssl', args);
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const [caKey, caFile] = [path('ca.key'), path('ca.pem')];
  await openssl(
    ...['req', '-x509', ...newKey, '-keyout', caKey, '-out', caFile],
    ...['-days', '2', '-subj', `/CN=${name}`],
  );
  return {
    caFile,
    certificate: async (of: string): Promise<CertificateFiles> => {
      const [keyFile, certificateFile] = [path(`${of}.key`), path(`${of}.pem`)];
      const [request, extensions] = [path(`${of}.csr`), path(`${of}.ext`)];
      await writeFile(extensions, 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
      await openssl('req', ...newKey, '-keyout', keyFile, '-out', request, '-subj', `/CN=${of}`);
      await openssl(
        ...['x509', '-req', '-in', request, '-CA', caFile, '-CAkey', caKey, '-CAcreateserial'],
        ...['-out', certificateFile, '-days', '2', '-extfile', extensions],
      );
      return { certificateFile, keyFile, caFile };
    },
  };
}
