import { Trans, useLingui } from "@lingui/react/macro";
import { type FormEvent, useState } from "react";
import { declareRtsp } from "../../api/provisioning";
import { Button, Card, Note, Refusal, RuleTag, TextField, textOf, useAttempt } from "../../parts";
import { useActing } from "../../session/SessionContext";
import { PageHead } from "../../shell/Page";
import { CameraFields } from "./CameraFields";
import { dropDraft, keepDraft, readDraft } from "./draft";
import { LifeAside } from "./LifeAside";
import { OrderProgressCard } from "./OrderProgressCard";
import { useOrder } from "./useOrder";

const DRAFT = "rtsp";

/** Declares a source without ONVIF: plain RTSP, on a trusted prefix only. */
export function DeclarePage() {
  const { t } = useLingui();
  const [orderId, setOrderId] = useState<string>();
  const order = useOrder(orderId);
  return (
    <>
      <PageHead
        title={t`Déclarer une source RTSP`}
        above={{ to: "/decouverte", word: t`Découverte`, here: t`Source sans ONVIF` }}
        lead={t`Pour une caméra qui ne parle pas ONVIF. Elle reste « non durcie » et le dit partout.`}
      />
      <div className="cols">
        <div className="stack">
          {order ? <OrderProgressCard order={order} /> : null}
          {!order || order.status === "failed" ? <DeclareForm onOrder={setOrderId} /> : null}
        </div>
        <LifeAside stage={order?.status === "done" ? "enrolled" : order ? "check" : "describe"} />
      </div>
    </>
  );
}

function DeclareForm({ onOrder }: { onOrder: (id: string) => void }) {
  const { t } = useLingui();
  const { commune } = useActing();
  const draft = readDraft(DRAFT);
  const { busy, error, attempt } = useAttempt();
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    await attempt(async () => {
      const order = await declareRtsp(commune, {
        url: textOf(data, "url"),
        sub_url: textOf(data, "sub_url"),
        username: textOf(data, "username"),
        password: String(data.get("password") ?? ""),
        name: textOf(data, "name"),
        place: textOf(data, "place"),
        number: Number(textOf(data, "number")),
        narrow: data.get("narrow") === "on",
        fast_flows: data.get("fast_flows") === "on",
      });
      dropDraft(DRAFT);
      onOrder(order.id);
    });
  };
  return (
    <Card title={<Trans>Décrire la source</Trans>}>
      <Note kind="warn" title={<Trans>Sur un préfixe maîtrisé seulement.</Trans>}>
        <span>
          <Trans>Sans ONVIF, ni comptes séparés, ni durcissement : les masques sont logiciels.</Trans>{" "}
          <RuleTag rule="A-01" />
        </span>
      </Note>
      <form
        className="form-2"
        onSubmit={(event) => void submit(event)}
        onChange={(event) => keepDraft(DRAFT, event.currentTarget)}
      >
        <TextField
          wide
          label={t`Adresse du flux principal`}
          name="url"
          required
          type="text"
          inputMode="url"
          spellCheck={false}
          autoComplete="off"
          pattern="rtsp(s|h|hs)?://.+"
          placeholder="rtsp://10.42.16.90/stream1"
          defaultValue={draft.url}
        />
        <TextField
          wide
          label={t`Adresse du flux secondaire (facultatif)`}
          name="sub_url"
          inputMode="url"
          spellCheck={false}
          autoComplete="off"
          defaultValue={draft.sub_url}
        />
        <CameraFields draft={draft} />
        <TextField label={t`Compte`} name="username" autoComplete="off" defaultValue={draft.username} />
        <TextField
          label={t`Mot de passe`}
          name="password"
          type="password"
          autoComplete="off"
          help={t`Mis au coffre. Il ne réapparaîtra jamais.`}
        />
        {error ? (
          <div className="wide">
            <Refusal error={error} />
          </div>
        ) : null}
        <div className="wide row">
          <Button kind="primary" type="submit" busy={busy}>
            <Trans>Déclarer cette source</Trans>
          </Button>
        </div>
      </form>
    </Card>
  );
}
