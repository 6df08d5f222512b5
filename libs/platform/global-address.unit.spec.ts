import { describe, expect, it } from 'vitest';
import { isGlobalAddress } from './global-address.js';

/** First and last of each range, and what lies between that is well known. */
const INTERNAL_V4 = `
  0.0.0.0 0.0.0.1 0.255.255.255 10.0.0.0 10.1.2.3 10.255.255.255 100.64.0.0 100.100.100.200 100.127.255.255
  127.0.0.0 127.0.0.1 127.0.0.53 127.1.2.3 127.255.255.255 169.254.0.0 169.254.169.254 169.254.170.2 169.254.255.255
  172.16.0.0 172.17.0.1 172.20.1.1 172.31.255.255 192.0.0.0 192.0.0.170 192.0.0.192 192.0.0.255 192.0.2.0 192.0.2.255
  192.31.196.0 192.52.193.1 192.88.99.0 192.88.99.1 192.168.0.0 192.168.1.1 192.168.255.255 192.175.48.1
  198.18.0.0 198.18.0.1 198.19.255.255 198.51.100.0 198.51.100.255 203.0.113.0 203.0.113.255
  224.0.0.0 224.0.0.1 239.255.255.255 240.0.0.0 250.1.2.3 255.255.255.254 255.255.255.255
`;
const GLOBAL_V4 = `
  1.0.0.0 1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255
  169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.0.3.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0
  198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255
`;
const INTERNAL_V6 = `
  :: ::1 ::2 ::ffff ::127.0.0.1 ::7f00:1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:10.0.0.1 ::ffff:a9fe:a9fe
  ::ffff:8.8.8.8 ::ffff:0:127.0.0.1 ::ffff:0:8.8.8.8 0:0:0:0:0:ffff:7f00:0001 0000:0000:0000:0000:0000:0000:0000:0001
  64:ff9b::127.0.0.1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b::808:808 64:ff9b:1::1 64:ff9b:1:a00:1:: 100::1 100:0:0:1::1
  2001::1 2001:0:7f00:1:: 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:3::1 2001:4:112::1 2001:10::1 2001:20::1
  2001:30::1 2001:1ff:ffff::1 2001:db8::1 2001:db8:ffff::1 2002:: 2002:7f00:1:: 2002:a00:1::1 2002:a9fe:a9fe::
  2002:c0a8:101::1 2002:808:808::1 2620:4f:8000::1 3ffe::1 3fff::1 3fff:fff::1 4000::1 5f00::1 8000::1 c000::1
  fc00::1 fd00::1 fd00:ec2::254 fdff:ffff::1 fe00::1 fe80::1 fe80::a9fe:a9fe febf::1 fec0::1 feff::1 ff00::1 ff02::1 ff0e::1
`;
const GLOBAL_V6 = `
  2000::1 2001:200::1 2001:4860:4860::8888 2003::1 2400:cb00::1 2600::1 2606:4700:4700::1111 2620:4f:7fff::1
  2620:4f:8001::1 2a00:1450:4001:81b::200e 2c0f:fb50::1 3000::1 3ffd::1
`;
/** Nothing that an operating system gives as an address. */
const NO_ADDRESS = [
  ...['', ' ', 'localhost', 'example.com', '8.8.8', '8.8', '134744072', '0x8.8.8.8', '0x08080808'],
  ...[
    '010.8.8.8',
    '8.8.8.08',
    '8.8.8.8.',
    '8.8.8.8.8',
    '8.8.8.256',
    '-1.8.8.8',
    ' 8.8.8.8',
    '8.8.8.8\n',
  ],
  ...[
    '[2606:4700::1]',
    '2606:4700::1%eth0',
    'fe80::1%1',
    '2606:4700:::1',
    '2606',
    ':',
    'undefined',
  ],
];

const words = (text: string) => text.trim().split(/\s+/);

describe('an address', () => {
  it.each(words(INTERNAL_V4))('of the kind of %s is no host of the internet', (address) => {
    expect(isGlobalAddress(address)).toBe(false);
  });

  it.each(words(INTERNAL_V6))('of the kind of %s is no host of the internet', (address) => {
    expect(isGlobalAddress(address)).toBe(false);
  });

  it.each(words(GLOBAL_V4))('such as %s is a host of the internet', (address) => {
    expect(isGlobalAddress(address)).toBe(true);
  });

  it.each(words(GLOBAL_V6))('such as %s is a host of the internet', (address) => {
    expect(isGlobalAddress(address)).toBe(true);
  });

  it.each(NO_ADDRESS)('that is none, such as "%s", is no host of the internet', (address) => {
    expect(isGlobalAddress(address)).toBe(false);
  });
});
