import { Trans } from "@lingui/react/macro";
import type { ReactNode } from "react";
import { Check, Dialog } from "../parts";

/** A key, or several, and what it does. */
export interface Shortcut {
  keys: readonly string[];
  does: ReactNode;
}

interface ShortcutsProps {
  open: boolean;
  onClose: () => void;
  list: readonly Shortcut[];
  /** Single-letter keys can be switched off (WCAG 2.1.4). */
  letters: boolean;
  onLetters: (on: boolean) => void;
}

/** The list of shortcuts, and the switch for those that are a single character. */
export function Shortcuts({ open, onClose, list, letters, onLetters }: ShortcutsProps) {
  return (
    <Dialog open={open} onClose={onClose} title={<Trans>Raccourcis clavier</Trans>}>
      <ul className="shortcuts">
        {list.map(({ keys, does }) => (
          <li key={keys.join()}>
            <span className="row">
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </span>
            <span>{does}</span>
          </li>
        ))}
      </ul>
      <Check
        label={<Trans>Raccourcis d’une seule touche actifs sur ce poste</Trans>}
        checked={letters}
        onChange={(event) => onLetters(event.currentTarget.checked)}
      />
    </Dialog>
  );
}

/** The shortcuts along the foot of a room page. */
export function Hints({ list, label }: { list: readonly Shortcut[]; label: string }) {
  return (
    <ul className="hints" aria-label={label}>
      {list.map(({ keys, does }) => (
        <li key={keys.join()}>
          {keys.map((key) => (
            <kbd key={key}>{key}</kbd>
          ))}{" "}
          {does}
        </li>
      ))}
    </ul>
  );
}
