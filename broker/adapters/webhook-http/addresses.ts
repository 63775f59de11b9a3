// Which addresses a webhook may lead to: those of the public internet, and this machine where its URL says so in plain
// words. Everything else is somebody's inside (IANA special-purpose registries, RFC 6890): a broker that posted there
// could be used to reach what its operators cannot.
import { BlockList, isIP } from 'node:net'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')

const special = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  special.addSubnet(network, prefix, 'ipv4')
// Within 2000::/3, the only part of IPv6 that is public: Teredo and other protocols, documentation, 6to4.
for (const [network, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  special.addSubnet(network, prefix, 'ipv6')
const global = new BlockList()
global.addSubnet('2000::', 3, 'ipv6')

/** Addresses as text, without brackets and zone. */
export function isLoopbackAddress(address: string): boolean {
  // Compared as text: the list would take an IPv4 address in IPv6 clothes (::ffff:127.0.0.1) for the IPv4 one.
  return address === '::1' || (isIP(address) === 4 && loopback.check(address, 'ipv4'))
}

export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !special.check(address, 'ipv4')
    case 6:
      return global.check(address, 'ipv6') && !special.check(address, 'ipv6')
    default:
      return false
  }
}

/** A host of a URL (as URL.hostname gives it) that says in plain words: this machine. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || isLoopbackAddress(bare(host))
}

/** The address in a host that is one, else undefined. */
export function addressIn(host: string): string | undefined {
  const address = bare(host)
  return isIP(address) === 0 ? undefined : address
}

function bare(host: string): string {
  return host.startsWith('[') ? host.slice(1, -1) : host
}
