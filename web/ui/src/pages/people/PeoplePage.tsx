/** To come. */
export function PeoplePage() {
  return null;
}
