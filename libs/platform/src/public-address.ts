import ipaddr from 'ipaddr.js';

/** All that is routed on the internet. The rest is reserved, or stands for an IPv4 address. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');
/** Azure's machines reach their own host services there, though the range is public. */
const AZURE_HOST = '168.63.129.16';

/** Whether anybody on the internet may be reached at an IP address: nothing private, local, reserved or translated. */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.parse(text);
  if (address.range() !== 'unicast') return false;
  return address instanceof ipaddr.IPv6 ? address.match(GLOBAL_UNICAST) : address.toString() !== AZURE_HOST;
}
