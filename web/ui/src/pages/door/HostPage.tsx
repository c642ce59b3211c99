/** To come. */
export function HostPage() {
  return null;
}
