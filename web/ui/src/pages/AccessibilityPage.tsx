/** To come. */
export function AccessibilityPage() {
  return null;
}
