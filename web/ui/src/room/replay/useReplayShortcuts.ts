import { useLingui } from "@lingui/react/macro";
import type { Shortcut } from "../Shortcuts";

/** The player's keys, as "?" lists them. */
export function useReplayShortcuts(): Shortcut[] {
  const { t } = useLingui();
  return [
    { keys: [t`Espace`, "K"], does: t`lecture, pause` },
    { keys: ["J"], does: t`lire à rebours, puis plus vite` },
    { keys: ["L"], does: t`lire, puis plus vite` },
    { keys: ["←", "→"], does: t`1 s ; avec Maj, 10 s` },
    { keys: [t`Page préc.`, t`Page suiv.`], does: t`1 min` },
    { keys: [t`Origine`, t`Fin`], does: t`premier, dernier enregistrement` },
    { keys: [",", "."], does: t`image précédente, suivante` },
    { keys: ["I", "O"], does: t`entrée, sortie de la sélection` },
    { keys: ["+", "−"], does: t`détail de la frise` },
    { keys: ["G"], does: t`aller à un instant` },
    { keys: ["D"], does: t`revenir au direct` },
    { keys: ["?"], does: t`raccourcis` },
  ];
}
