import type { Person } from "../../api/people";
import type { Role } from "../../api/session";
import { nowUs, toParisFields } from "../../i18n/format";

function cell(text: string): string {
  // A leading = + - @ would be a formula in a spreadsheet.
  const safe = /^[=+\-@]/.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}

/** The dated list of habilitated persons (P-59) as CSV text. */
export function datedList(
  people: readonly Person[],
  roleWords: (role: Role) => string,
  atUs: number,
): string {
  const { date, time } = toParisFields(atUs);
  const day = (us: number) => toParisFields(us).date;
  const head = [
    "personne",
    "qualité",
    "catégorie",
    "droits",
    "caméras",
    "décision",
    "signée par",
    "du",
    "au",
    "retrait",
  ];
  const rows = people.flatMap((person) =>
    person.habilitations.map((one) => [
      person.label,
      roleWords(one.role),
      one.category,
      one.acts.join(" "),
      one.cameras?.join(" ") ?? "toutes",
      one.decision_ref,
      one.signed_by,
      day(one.from_us),
      day(one.until_us),
      one.withdrawn_us ? day(one.withdrawn_us) : "",
    ]),
  );
  const title = [`Liste arrêtée le ${date} à ${time} (heure de Paris)`];
  return [title, head, ...rows].map((row) => row.map(cell).join(";")).join("\r\n");
}

/** Saves the dated list on this post. */
export function saveDatedList(people: readonly Person[], roleWords: (role: Role) => string): void {
  const now = nowUs();
  const blob = new Blob(["\uFEFF", datedList(people, roleWords, now)], { type: "text/csv;charset=utf-8" });
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = `habilitations-${toParisFields(now).date}.csv`;
  link.click();
  URL.revokeObjectURL(url);
}
