/** To come. */
export function NewRequestPage() {
  return null;
}
