import { Trans } from "@lingui/react/macro";

/** Names the rule that decides, and leads to its sentence. Nothing when the server named none. */
export function RuleTag({ rule }: { rule: string | null | undefined }) {
  if (!rule) return null;
  return (
    <a className="rule" href={`/regles#${encodeURIComponent(rule)}`}>
      <Trans>Règle {rule}</Trans>
    </a>
  );
}
