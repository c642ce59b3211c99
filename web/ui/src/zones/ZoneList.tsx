import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { Plus, Trash2 } from "lucide-react";
import type { Dispatch } from "react";
import { Button, Card } from "../parts";
import { type Act, type Drawing, letterOf } from "./drawing";
import { problemOf, ZONES_MAX } from "./polygon";
import { useReasonWords } from "./zoneWords";

/** The zones drawn so far: the same as the picture shows, as a list. */
export function ZoneList({
  drawing,
  act,
  onAdd,
}: {
  drawing: Drawing;
  act: Dispatch<Act>;
  onAdd: () => void;
}) {
  const { t } = useLingui();
  const words = useReasonWords();
  const count = drawing.zones.length;
  return (
    <Card
      dense
      title={<Trans>Zones privées</Trans>}
      aside={
        <Trans>
          {count} sur {ZONES_MAX} possibles
        </Trans>
      }
    >
      <ul className="zones">
        {drawing.zones.map((zone, index) => {
          const letter = letterOf(index);
          const isWrong = problemOf(zone.points) !== undefined;
          return (
            <li key={letter} className={index === drawing.zone ? "on" : ""}>
              <i>{letter}</i>
              <button
                type="button"
                className="zone-pick"
                aria-pressed={index === drawing.zone}
                onClick={() => act({ do: "select", zone: index, point: zone.points.length - 1 })}
              >
                <span className="vh">{t`Zone ${letter} :`} </span>
                <span className="strong">{words[zone.reason]}</span>
                <small>
                  <Plural value={zone.points.length} one="# point" other="# points" />
                  {isWrong ? <Trans> · à corriger</Trans> : null}
                </small>
              </button>
              <Button
                kind="quiet"
                size="s"
                iconOnly
                icon={Trash2}
                aria-label={t`Supprimer la zone ${letter}`}
                onClick={() => act({ do: "remove-zone", zone: index })}
              />
            </li>
          );
        })}
      </ul>
      {count === 0 ? (
        <p className="small dim">
          <Trans>Aucune zone tracée. Touchez l’image pour poser le premier point.</Trans>
        </p>
      ) : null}
      <Button
        wide
        icon={Plus}
        onClick={onAdd}
        reason={count < ZONES_MAX ? undefined : t`Le nombre de zones possibles est atteint.`}
      >
        <Trans>Ajouter une zone</Trans>
      </Button>
    </Card>
  );
}
