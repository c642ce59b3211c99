/** To come. */
export function RetentionPage() {
  return null;
}
