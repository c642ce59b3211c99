/** To come. */
export function JournalPage() {
  return null;
}
