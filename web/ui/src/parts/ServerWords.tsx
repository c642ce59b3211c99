import { useLingui } from "@lingui/react/macro";
import { typesetFrench } from "../i18n/typeset";
import { RULES } from "./rules";

interface Told {
  what?: string | null | undefined;
  todo?: string | null | undefined;
  rule?: string | null | undefined;
}

/**
 * What happened in the server's words, which are French and typeset here. On an English page the sentence of the rule that decided comes
 * first, and the server's own follow, marked as French for whoever has pages read aloud.
 */
export function ServerWords({ what, todo, rule }: Told) {
  const { i18n } = useLingui();
  const words = typesetFrench([what, todo].filter(Boolean).join(" "));
  if (i18n.locale === "fr" || !words) return words;
  const known = RULES.find((one) => one.id === rule);
  return (
    <>
      {known ? `${i18n._(known.sentence)} ` : ""}
      <span lang="fr">{words}</span>
    </>
  );
}
