import { Trans, useLingui } from "@lingui/react/macro";
import { Modal } from "./Modal";

interface HelpProps {
  letters: boolean;
  onLetters: (on: boolean) => void;
  onClose: () => void;
}

/** Every key of the reader; letters can be switched off (WCAG 2.1.4). */
export function HelpDialog({ letters, onLetters, onClose }: HelpProps) {
  const { t } = useLingui();
  const rows: [string[], string][] = [
    [[t`Espace`, "K"], t`Lecture, arrêt sur image`],
    [["J", "L"], t`À rebours, en avant ; encore : plus vite`],
    [[",", "."], t`Image précédente, image suivante`],
    [["←", "→"], t`1 s en arrière, en avant ; 10 s avec Maj`],
    [[t`Page préc.`, t`Page suiv.`], t`1 min en avant, en arrière`],
    [[t`Début`, t`Fin`], t`Première, dernière image`],
    [["1", "2", "3", "4"], t`Choisir une caméra`],
    [["A"], t`Agrandir la caméra choisie, ou revenir à toutes`],
    [["I", "O"], t`Entrée, sortie de la séquence`],
    [["S"], t`Enregistrer l’image affichée`],
    [["G"], t`Aller à une date et une heure`],
    [["V"], t`Détail de la vérification`],
    [["+", "−"], t`Frise plus, moins détaillée`],
    [["?"], t`Cette liste`],
  ];
  return (
    <Modal title={<Trans>Touches du clavier</Trans>} onClose={onClose}>
      <ul className="shortcuts">
        {rows.map(([keys, word]) => (
          <li key={word}>
            <span className="row">
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </span>
            <span>{word}</span>
          </li>
        ))}
      </ul>
      <label className="check">
        <input
          type="checkbox"
          checked={letters}
          onChange={(event) => onLetters(event.currentTarget.checked)}
        />
        <Trans>Touches d’un seul caractère actives</Trans>
      </label>
    </Modal>
  );
}
