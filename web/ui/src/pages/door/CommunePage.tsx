/** To come. */
export function CommunePage() {
  return null;
}
