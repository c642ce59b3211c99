/** To come. */
export function PersonPage() {
  return null;
}
