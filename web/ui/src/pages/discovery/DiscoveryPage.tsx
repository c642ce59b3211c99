/** To come. */
export function DiscoveryPage() {
  return null;
}
