/** To come. */
export function RulesPage() {
  return null;
}
