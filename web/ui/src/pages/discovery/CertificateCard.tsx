import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import { Trans, useLingui } from "@lingui/react/macro";
import { useQueryClient } from "@tanstack/react-query";
import { Eye, ShieldCheck } from "lucide-react";
import { useEffect, useState } from "react";
import type { Camera } from "../../api/cameras";
import {
  type CertificateShown,
  isOver,
  lookAtCertificate,
  type ProvisioningOrder,
  renewCertificate,
} from "../../api/provisioning";
import {
  ActButton,
  Button,
  Card,
  Check,
  Checklist,
  type CheckState,
  Facts,
  Note,
  Refusal,
  RuleTag,
  StateTag,
  useAttempt,
} from "../../parts";
import { ServerWords } from "../../parts/ServerWords";
import { useRole } from "../../session/SessionContext";
import { useOrder } from "./useOrder";

const OF_WORDS: Record<string, MessageDescriptor> = {
  services: msg`Réglages (ONVIF)`,
  main: msg`Flux principal`,
  sub: msg`Flux secondaire`,
};
const STEP_WORDS: Record<string, MessageDescriptor> = {
  compare: msg`Comparer à ce que vous avez confirmé`,
  identify: msg`Reconnaître la caméra`,
  keep: msg`Retenir le certificat`,
};
const STEP_STATES: Record<string, CheckState> = { done: "ok", failed: "danger", running: "running" };
const GROUP_CHARS = 4;

/** The certificates that a camera is held to: what it shows now, and keeping a new one that somebody vouches for. */
export function CertificateCard({ camera }: { camera: Camera }) {
  const orders = useRole("installer", "chief", "mayor", "deputy");
  const [lookId, setLookId] = useState<string>();
  const [renewId, setRenewId] = useState<string>();
  const looked = useOrder(lookId);
  const renewed = useOrder(renewId);
  if (!orders || !(camera.tls || camera.main_profile.certificate) || camera.legal.state === "retired")
    return null;
  const shown = looked?.status === "done" ? (looked.progress.certificates ?? []) : [];
  const again = (id: string) => {
    setRenewId(undefined);
    setLookId(id);
  };
  return (
    <Card title={<Trans>Certificat</Trans>} aside={<RuleTag rule="A-01" />}>
      <p className="small dim">
        <Trans>
          Guet ne parle qu’à l’équipement dont il a retenu le certificat à l’enrôlement. Une caméra
          réinitialisée ou mise à jour en montre un autre ; un intrus aussi.
        </Trans>
      </p>
      {shown.length > 0 && renewed?.status !== "done" ? <Shown shown={shown} /> : null}
      {looked?.status === "failed" ? <Failed order={looked} /> : null}
      {renewed ? <Renewal order={renewed} /> : null}
      <div className="row">
        <LookAct camera={camera} looking={looked !== undefined && !isOver(looked)} onOrder={again} />
        {shown.some((one) => one.kept !== one.shown) && renewed?.status !== "done" ? (
          <RenewAct camera={camera} shown={shown} onOrder={setRenewId} />
        ) : null}
      </div>
    </Card>
  );
}

function LookAct({
  camera,
  looking,
  onOrder,
}: {
  camera: Camera;
  looking: boolean;
  onOrder: (id: string) => void;
}) {
  const { busy, error, attempt } = useAttempt();
  const look = async () => {
    await attempt(async () => {
      onOrder((await lookAtCertificate(camera.commune, camera.id)).id);
    });
  };
  return (
    <>
      <Button size="s" icon={Eye} busy={busy || looking} onClick={() => void look()}>
        {busy || looking ? <Trans>Lecture du certificat…</Trans> : <Trans>Voir ce qu’elle montre</Trans>}
      </Button>
      {error ? <Refusal error={error} /> : null}
    </>
  );
}

/** Groups of four, as a label on the camera is read aloud. */
function grouped(print: string): string {
  return print.match(new RegExp(`.{1,${GROUP_CHARS}}`, "g"))?.join(" ") ?? "—";
}

function Shown({ shown }: { shown: readonly CertificateShown[] }) {
  const { t, i18n } = useLingui();
  return (
    <div className="stack" role="status">
      {shown.map((one) => {
        const same = one.kept === one.shown;
        const word = OF_WORDS[one.of];
        return (
          <section key={one.of} className="stack-s">
            <div className="row row-between">
              <h3>{word ? i18n._(word) : one.of}</h3>
              <StateTag state={same ? "verified" : "warning"}>{same ? t`Inchangé` : t`Différent`}</StateTag>
            </div>
            <Facts
              items={[
                { label: t`Retenu`, value: <span className="mono">{grouped(one.kept)}</span> },
                same ? null : { label: t`Montré`, value: <span className="mono">{grouped(one.shown)}</span> },
              ]}
            />
          </section>
        );
      })}
    </div>
  );
}

function RenewAct({
  camera,
  shown,
  onOrder,
}: {
  camera: Camera;
  shown: readonly CertificateShown[];
  onOrder: (id: string) => void;
}) {
  const { t } = useLingui();
  const seen = Object.fromEntries(shown.map((one) => [one.of, one.shown]));
  return (
    <ActButton
      label={<Trans>Retenir le nouveau certificat…</Trans>}
      size="s"
      icon={ShieldCheck}
      danger
      title={<Trans>Retenir le nouveau certificat de {camera.name}</Trans>}
      confirm={<Trans>Retenir ce certificat</Trans>}
      run={async () => onOrder((await renewCertificate(camera.commune, camera.id, seen)).id)}
      stale={["camera", "cameras", "incidents"]}
      done={t`Ordre signé et écrit au journal.`}
    >
      <p className="small">
        <Trans>
          Si quelqu’un s’est mis entre la caméra et Guet, c’est lui qui serait cru. Comparez l’empreinte à
          celle que la caméra affiche sur place.
        </Trans>
      </p>
      <Shown shown={shown} />
      <Check required label={t`J’ai vérifié sur place que c’est bien cette caméra.`} />
    </ActButton>
  );
}

function Failed({ order }: { order: ProvisioningOrder }) {
  return (
    <Note kind="danger" live title={<ServerWords what={order.error.what} />}>
      <span>
        <ServerWords todo={order.error.todo} /> <RuleTag rule={order.error.rule} />
      </span>
    </Note>
  );
}

/** How keeping it goes: each check, then its result. */
function Renewal({ order }: { order: ProvisioningOrder }) {
  const { t, i18n } = useLingui();
  const client = useQueryClient();
  const done = order.status === "done";
  useEffect(() => {
    if (!done) return;
    for (const key of ["camera", "cameras", "incidents"]) void client.invalidateQueries({ queryKey: [key] });
  }, [client, done]);
  const items = (order.progress.steps ?? []).map((step) => ({
    key: step.name,
    state: STEP_STATES[step.state] ?? ("todo" as const),
    label: STEP_WORDS[step.name] ? i18n._(STEP_WORDS[step.name] as MessageDescriptor) : step.words,
  }));
  return (
    <>
      {items.length > 0 ? <Checklist items={items} label={t`Contrôles`} /> : null}
      {order.status === "failed" ? <Failed order={order} /> : null}
      {done ? (
        <Note kind="ok" live title={<Trans>Le nouveau certificat est retenu.</Trans>}>
          <Trans>Les flux reprennent d’eux-mêmes. Aucun autre équipement n’est cru.</Trans>
        </Note>
      ) : null}
    </>
  );
}
