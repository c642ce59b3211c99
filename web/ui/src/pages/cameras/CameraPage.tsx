import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { Pause, Play } from "lucide-react";
import { type Camera, cameraQuery, type LegalState, suspendCamera } from "../../api/cameras";
import { formatDate, nowUs } from "../../i18n/format";
import { ActButton, buttonClass, QueryView, StateTag, type Step, Steps, textOf } from "../../parts";
import { useRole } from "../../session/SessionContext";
import { PageHead } from "../../shell/Page";
import { CertificateCard } from "../discovery/CertificateCard";
import { PanelPhotoCard } from "../panel/PanelPhotoCard";
import { FactCards } from "./FactCards";
import { ObjectiveCard } from "./ObjectiveCard";
import { PositionCard } from "./PositionCard";
import { RemainingCard } from "./RemainingCard";
import { StoppedNote } from "./StoppedNote";
import { SuspensionFields } from "./SuspensionFields";
import { WeekCard } from "./WeekCard";
import { cameraNumber, LIFE, LIFE_WORDS, pictureState, WAITS_FOR } from "./words";

/** One camera: its life, what the law says of it, its streams, its zones, and what remains to be done. */
export function CameraPage() {
  const { t } = useLingui();
  const { camera: id } = useParams({ from: "/app/cameras/$camera" });
  const query = useQuery(cameraQuery(id));
  const above = { to: "/cameras", word: t`Caméras` };
  if (!query.data) {
    return (
      <>
        <PageHead title={t`Caméra`} above={{ ...above, here: id }} />
        <QueryView query={query}>{() => null}</QueryView>
      </>
    );
  }
  const camera = query.data;
  const number = cameraNumber(camera);
  return (
    <>
      <PageHead
        title={`${number} ${camera.name}`}
        above={{ ...above, here: number }}
        state={<StateTag state={pictureState(camera, nowUs())} />}
        lead={camera.place}
        acts={<HeadActs camera={camera} />}
      />
      <section className="card" aria-label={t`Cycle de vie`}>
        <LifeSteps camera={camera} />
      </section>
      <StoppedNote camera={camera} />
      <FactCards camera={camera} />
      <WeekCard camera={camera} />
      <RemainingCard camera={camera} />
      <PositionCard camera={camera} />
      <ObjectiveCard camera={camera} />
      <PanelPhotoCard camera={camera} />
      <CertificateCard camera={camera} />
    </>
  );
}

function HeadActs({ camera }: { camera: Camera }) {
  const { t } = useLingui();
  const watches = useRole("officer", "chief", "mayor", "deputy", "csu_operator");
  const suspends = useRole("officer", "chief", "mayor", "deputy");
  if (camera.legal.state !== "in_service") return null;
  const number = cameraNumber(camera);
  return (
    <>
      {watches ? (
        <Link className={buttonClass()} to="/mur" search={{ camera: camera.id } as never}>
          <Play className="ic" aria-hidden />
          <Trans>Voir en direct</Trans>
        </Link>
      ) : null}
      {suspends ? (
        <ActButton
          label={<Trans>Suspendre…</Trans>}
          kind="danger"
          icon={Pause}
          danger
          title={<Trans>Suspendre la caméra {number}</Trans>}
          confirm={<Trans>Confirmer la suspension</Trans>}
          run={(data) => suspendCamera(camera.id, textOf(data, "motive"))}
          stale={["camera", "cameras"]}
          done={t`Caméra ${number} suspendue.`}
        >
          <SuspensionFields />
        </ActButton>
      ) : null}
    </>
  );
}

/** When the camera came into a state, else what it waits for. */
function detailOf(camera: Camera, state: LegalState, otherwise: string | undefined): string | undefined {
  const entered = camera.legal.states.findLast((one) => one.state === state);
  return entered ? formatDate(entered.since_us) : otherwise;
}

function LifeSteps({ camera }: { camera: Camera }) {
  const { t, i18n } = useLingui();
  const state = camera.legal.state;
  const now = LIFE.indexOf(state);
  // Suspended and retired are not steps on the way: they show only once they happened.
  const shown = LIFE.filter((one, index) => index < LIFE.indexOf("suspended") || one === state);
  const steps: Step[] = shown.map((one) => {
    const index = LIFE.indexOf(one);
    return {
      key: one,
      label: i18n._(LIFE_WORDS[one]),
      detail: detailOf(camera, one, index === now ? i18n._(WAITS_FOR[one]) : undefined),
      state: index < now ? "done" : index === now ? "current" : "todo",
    };
  });
  return <Steps steps={steps} label={t`Étapes de la caméra`} />;
}
