/** To come. */
export function HomePage() {
  return null;
}
