import "../room/room.css";
import "./zones.css";
import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { type Camera, cameraQuery } from "../api/cameras";
import { nowUs } from "../i18n/format";
import { cameraNumber } from "../pages/cameras/words";
import { buttonClass, Card, Note, QueryView } from "../parts";
import { PageHead } from "../shell/Page";
import { FramingSession } from "./FramingSession";
import { OpenCard } from "./OpenCard";

/** Framing of one camera: a short live session, a still, private zones drawn on it (P-10, P-57). */
export function FramingPage() {
  const { t } = useLingui();
  const { camera: id } = useParams({ strict: false }) as { camera: string };
  const query = useQuery(cameraQuery(id));
  if (query.data === undefined) {
    return (
      <>
        <PageHead title={t`Cadrage et zones privées`} />
        <QueryView query={query}>{() => null}</QueryView>
      </>
    );
  }
  return <Framing camera={query.data} />;
}

type Ended = { saved: number } | { saved: undefined };

function Framing({ camera }: { camera: Camera }) {
  const { t } = useLingui();
  const client = useQueryClient();
  const known = camera.legal.framing?.until_us ?? 0;
  const [untilUs, setUntilUs] = useState(known > nowUs() ? known : 0);
  const [ended, setEnded] = useState<Ended>();
  const end = (how: Ended): void => {
    setUntilUs(0);
    setEnded(how);
    void client.invalidateQueries({ queryKey: ["camera", camera.id] });
  };
  const number = cameraNumber(camera);
  if (untilUs > 0) return <FramingSession camera={camera} untilUs={untilUs} onEnd={end} />;
  return (
    <>
      <PageHead
        title={t`Cadrage et zones privées`}
        lead={`${number} ${camera.name}${camera.place ? ` · ${camera.place}` : ""}`}
        above={{ to: "/cameras", word: t`Caméras`, here: `${number} ${camera.name}` }}
      />
      {ended === undefined ? null : <EndNote ended={ended} />}
      {ended?.saved === undefined ? (
        <OpenCard
          camera={camera}
          onOpen={(until) => {
            setEnded(undefined);
            setUntilUs(until);
          }}
        />
      ) : (
        <Card title={<Trans>Et maintenant</Trans>}>
          <p>
            <Trans>Une autre personne habilitée valide les zones depuis la fiche de la caméra.</Trans>
          </p>
          <div className="row">
            <Link
              className={buttonClass({ kind: "primary" })}
              to="/cameras/$camera"
              params={{ camera: camera.id }}
            >
              <Trans>Ouvrir la fiche de la caméra</Trans>
            </Link>
          </div>
        </Card>
      )}
    </>
  );
}

function EndNote({ ended }: { ended: Ended }) {
  const version = ended.saved ?? 0;
  return ended.saved === undefined ? (
    <Note kind="off" live title={<Trans>Séance de cadrage terminée</Trans>}>
      <span>
        <Trans>L’image fixe et le tracé non enregistré ont été abandonnés.</Trans>
      </span>
    </Note>
  ) : (
    <Note kind="ok" live title={<Trans>Zones enregistrées, version {version}</Trans>}>
      <span>
        <Trans>
          La séance est close et l’image fixe abandonnée. Les zones s’appliquent dès leur validation.
        </Trans>
      </span>
    </Note>
  );
}
