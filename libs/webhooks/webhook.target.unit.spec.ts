import { describe, expect, it } from 'vitest';
import { webhookTargetFault } from './webhook.target.js';

const STRICT = { allowInternal: false };
const words = (text: string) => text.trim().split(/\s+/);

/** However an internal address may be written. */
const INTERNAL_HOSTS = words(`
  127.0.0.1 127.1 127.0.1 127.0.0.1. 2130706433 017700000001 0x7f000001 0x7f.1 0x7f.0.0.1 0177.0.0.1 0177.0.0.01 0x7F.0x0.0x0.0x1
  127.0.0.0x1 00000177.0.0.1 127.000.000.001 127.0.0.%31 %31%32%37.0.0.1 ⑫⑦.⓪.⓪.① １２７.０.０.１ 127。0。0。1 127．0．0．1
  0 0.0.0.0 00 0x0 0x 0.0 [::] [::1] [0:0:0:0:0:0:0:1] [0000::0001] [::ffff:7f00:1] [::ffff:127.0.0.1] [::FFFF:7F00:1]
  [::127.0.0.1] [::7f00:1] [::ffff:0:7f00:1] [64:ff9b::7f00:1] [64:ff9b::127.0.0.1] [64:ff9b:1::1] [2002:7f00:1::]
  [2002:7f00:0001::1] [2001:0:7f00:1::] [fe80::1] [fec0::1] [fc00::1] [fd00:ec2::254] [ff02::1] [2001:db8::1] [3fff::1]
  10.0.0.1 10.1 167772161 0xa000001 012.0.0.1 0xa.0.0.1 172.16.0.1 172.16.1 2886729729 0xac100001 192.168.0.1 192.168.1
  3232235521 0xc0a80001 0300.0250.0.1 169.254.169.254 2852039166 0xa9fea9fe 0xa9.0xfe.0xa9.0xfe 0251.0376.0251.0376
  169.254.43518 169.16689662 [::ffff:a9fe:a9fe] [::ffff:169.254.169.254] 100.64.0.1 100.100.100.200 1681915904 198.18.0.1
  192.0.0.192 192.0.2.1 203.0.113.7 224.0.0.1 240.0.0.1 255.255.255.255 4294967295 0xffffffff 037777777777
  localhost LOCALHOST localhost. LocalHost x.localhost a.b.localhost ｌｏｃａｌｈｏｓｔ loc%61lhost
`);

/** Written so that another reader of the address might see another host in it. */
const TRICKS: [string, string][] = [
  ['https://user@127.0.0.1/', 'credentials'],
  ['https://user:secret@hooks.example/', 'credentials'],
  ['https://:secret@hooks.example/', 'credentials'],
  ['https://hooks.example@127.0.0.1/', 'credentials'],
  ['https://hooks.example:443@127.0.0.1/', 'credentials'],
  ['https://hooks.example%40127.0.0.1/', 'url'],
  ['https://127.0.0.1%2f@hooks.example/', 'credentials'],
  ['https://hooks.example%00.internal/', 'url'],
  ['https://127.0.0.1%0d%0a/', 'url'],
  ['https://127.0.0.1\\@hooks.example/', 'address'],
  ['https://127.0.0.1#@hooks.example/', 'address'],
  ['https://127.0.0.1?@hooks.example/', 'address'],
  ['https:127.0.0.1/', 'address'],
  ['https:/127.0.0.1/', 'address'],
  ['https:\\\\127.0.0.1\\', 'address'],
  ['https:////127.0.0.1/', 'address'],
  ['  https://127.0.0.1/', 'address'],
  ['ht\ntps://127.0.0.1/', 'address'],
  ['https://[::1%25eth0]/', 'url'],
  ['https://[::1', 'url'],
  ['https://256.1.1.1/', 'url'],
  ['https://0x100000000/', 'url'],
  ['https://1.2.3.4.5/', 'url'],
  ['https://', 'url'],
  ['https:///', 'url'],
  ['//hooks.example/', 'url'],
  ['hooks.example', 'url'],
  ['', 'url'],
  ['http://hooks.example/', 'scheme'],
  ['HTTP://hooks.example/', 'scheme'],
  ['ftp://hooks.example/', 'scheme'],
  ['file:///etc/passwd', 'scheme'],
  ['gopher://hooks.example/', 'scheme'],
  ['javascript:alert(1)', 'scheme'],
  ['data:text/plain,x', 'scheme'],
  ['ws://hooks.example/', 'scheme'],
  ['unix:/var/run/docker.sock', 'scheme'],
  ['https://hooks.example:22/', 'port'],
  ['https://hooks.example:80/', 'port'],
  ['https://hooks.example:0/', 'port'],
  ['https://hooks.example:444/', 'port'],
  ['https://hooks.example:6379/', 'port'],
  ['https://hooks.example:65535/', 'port'],
  ['https://hooks.example:65536/', 'url'],
  ['https://8.8.8.8:8080/', 'port'],
];

const FINE = [
  'https://hooks.example/',
  'https://hooks.example',
  'https://HOOKS.example:443/a/b?c=d',
  'https://hooks.example:8443/',
  'https://hooks.example./',
  'https://xn--bcher-kva.example/',
  'https://8.8.8.8/',
  'https://[2606:4700:4700::1111]/',
  'https://[2606:4700:4700::1111]:8443/',
  'https://127.0.0.1.nip.example/',
  'https://localhost.example/',
  'https://notlocalhost/',
];

describe('an address to send events to', () => {
  it.each(INTERNAL_HOSTS)('that leads inside is refused, written as %s', (host) => {
    expect(webhookTargetFault(`https://${host}/`, STRICT)?.rule).toMatch(/^(?:address|url)$/);
    expect(webhookTargetFault(`https://${host}:8443/x?y`, STRICT)).not.toBeNull();
  });

  it.each(TRICKS)('such as %j is refused for its %s', (url, rule) => {
    expect(webhookTargetFault(url, STRICT)?.rule).toBe(rule);
  });

  it.each(FINE)('such as %s is taken, and what it leads to is looked at later', (url) => {
    expect(webhookTargetFault(url, STRICT)).toBeNull();
  });

  it('may be inside, without TLS and with any port, only where that is allowed', () => {
    const lenient = { allowInternal: true };
    expect(webhookTargetFault('http://127.0.0.1:3000/hook', lenient)).toBeNull();
    expect(webhookTargetFault('https://[::1]:9/', lenient)).toBeNull();
    expect(webhookTargetFault('http://u:p@127.0.0.1/', lenient)?.rule).toBe('credentials');
    expect(webhookTargetFault('ftp://127.0.0.1/', lenient)?.rule).toBe('scheme');
  });
});
