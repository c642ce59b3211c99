/** To come. */
export function RequestsPage() {
  return null;
}
