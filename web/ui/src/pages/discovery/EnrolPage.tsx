import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { KeyRound } from "lucide-react";
import { type FormEvent, useState } from "react";
import { enrol, type FoundDevice, foundQuery } from "../../api/provisioning";
import { Button, Card, Facts, QueryView, Refusal, TextField, textOf, useAttempt } from "../../parts";
import { useActing } from "../../session/SessionContext";
import { PageHead } from "../../shell/Page";
import { CameraFields } from "./CameraFields";
import { dropDraft, keepDraft, readDraft } from "./draft";
import { LifeAside } from "./LifeAside";
import { OrderProgressCard } from "./OrderProgressCard";
import { useOrder } from "./useOrder";

/** Enrols a found device, check by check; nothing shows a picture here. */
export function EnrolPage() {
  const { t } = useLingui();
  const { found: id } = useParams({ from: "/app/decouverte/$found" });
  const { commune } = useActing();
  const found = useQuery(foundQuery(commune, false));
  const device = found.data?.find((one) => one.id === id);
  const [orderId, setOrderId] = useState<string>();
  const order = useOrder(orderId);
  return (
    <>
      <PageHead
        title={device ? t`Enrôler ${device.address}` : t`Enrôler une caméra`}
        above={{ to: "/decouverte", word: t`Découverte`, here: device?.address ?? id }}
      />
      <div className="cols">
        <div className="stack">
          <QueryView
            query={found}
            isEmpty={() => !device}
            empty={
              <Card title={<Trans>Équipement introuvable</Trans>}>
                <p>
                  <Trans>Il n’est plus dans la liste. Relancez la découverte.</Trans>
                </p>
              </Card>
            }
          >
            {() =>
              device ? (
                <>
                  <DeviceCard device={device} />
                  {order ? <OrderProgressCard order={order} /> : null}
                  {!order || order.status === "failed" ? (
                    <EnrolForm device={device} onOrder={setOrderId} />
                  ) : null}
                </>
              ) : null
            }
          </QueryView>
        </div>
        <LifeAside stage={order?.status === "done" ? "enrolled" : order ? "check" : "describe"} />
      </div>
    </>
  );
}

function DeviceCard({ device }: { device: FoundDevice }) {
  const { t } = useLingui();
  return (
    <Card dense>
      <Facts
        items={[
          {
            label: t`Équipement`,
            value: [device.manufacturer, device.model].filter(Boolean).join(" ") || "—",
          },
          { label: t`Adresse`, value: device.address },
          device.mac ? { label: t`MAC`, value: device.mac } : null,
          device.serial ? { label: t`Série`, value: device.serial } : null,
        ]}
      />
    </Card>
  );
}

function EnrolForm({ device, onOrder }: { device: FoundDevice; onOrder: (id: string) => void }) {
  const { t } = useLingui();
  const { commune } = useActing();
  const client = useQueryClient();
  const draft = readDraft(device.id);
  const { busy, error, attempt } = useAttempt();
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    await attempt(async () => {
      const order = await enrol(commune, {
        found_id: device.id,
        name: textOf(data, "name"),
        place: textOf(data, "place"),
        number: Number(textOf(data, "number")),
        username: textOf(data, "username"),
        password: String(data.get("password") ?? ""),
        narrow: data.get("narrow") === "on",
        fast_flows: data.get("fast_flows") === "on",
      });
      dropDraft(device.id);
      onOrder(order.id);
      void client.invalidateQueries({ queryKey: ["cameras"] });
    });
  };
  return (
    <Card title={<Trans>Décrire la caméra</Trans>}>
      <form
        className="form-2"
        onSubmit={(event) => void submit(event)}
        onChange={(event) => keepDraft(device.id, event.currentTarget)}
      >
        <CameraFields draft={draft} />
        <TextField
          label={t`Compte actuel de la caméra`}
          name="username"
          autoComplete="off"
          defaultValue={draft.username}
          help={t`Vide : le compte d’usine du constructeur est essayé.`}
        />
        <TextField
          label={t`Mot de passe actuel`}
          name="password"
          type="password"
          autoComplete="off"
          help={t`Utilisé une fois, puis remplacé. Il ne réapparaîtra jamais.`}
        />
        {error ? (
          <div className="wide">
            <Refusal error={error} />
          </div>
        ) : null}
        <div className="wide row">
          <Button kind="primary" type="submit" icon={KeyRound} busy={busy}>
            <Trans>Enrôler la caméra</Trans>
          </Button>
          <span className="small dim">
            <Trans>Ce que vous avez saisi est gardé si le réseau se coupe.</Trans>
          </span>
        </div>
      </form>
    </Card>
  );
}
