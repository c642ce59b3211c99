import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { authorisationsQuery } from "../../api/authorisations";
import {
  authoriseCamera,
  type Camera,
  commissionCamera,
  declareFramingClass,
  informPrefect,
  postPanel,
  putInService,
  retireCamera,
  validateZones,
  zoneSetsQuery,
} from "../../api/cameras";
import { waits } from "../../api/pendingActs";
import { nowUs, toParisFields } from "../../i18n/format";
import {
  ActButton,
  buttonClass,
  Card,
  Check,
  type CheckItem,
  Checklist,
  Choices,
  MotiveField,
  Note,
  RuleTag,
  SelectField,
  TextField,
  textOf,
} from "../../parts";
import { DateField } from "../../parts/DateFields";
import { ServerWords } from "../../parts/ServerWords";
import { useActing, useRole } from "../../session/SessionContext";
import { ChangeAct } from "./ChangeAct";
import { LIFE } from "./words";

const STALE = ["camera", "cameras"];

/** Everything that the law wants before the camera serves: done or not, its rule, and the act to do next. */
export function RemainingCard({ camera }: { camera: Camera }) {
  const { t } = useLingui();
  const state = camera.legal.state;
  const manages = useRole("chief", "mayor", "deputy");
  if (state === "retired") {
    return (
      <Note
        kind="off"
        title={<Trans>Caméra retirée.</Trans>}
      >{t`Elle ne revient pas : enrôlez-la de nouveau.`}</Note>
    );
  }
  return (
    <Card title={<Trans>Avant et pendant le service</Trans>} aside={<Trans>Chaque point a sa règle</Trans>}>
      {camera.legal.missing ? (
        <Note kind="warn" title={<ServerWords {...camera.legal.missing} todo="" />}>
          <span>
            <ServerWords todo={camera.legal.missing.todo} /> <RuleTag rule={camera.legal.missing.rule} />
          </span>
        </Note>
      ) : null}
      <Remaining camera={camera} />
      <div className="row">
        <ChangeAct camera={camera} />
        {manages ? (
          <ActButton
            label={<Trans>Retirer la caméra…</Trans>}
            kind="quiet"
            size="s"
            danger
            title={<Trans>Retirer la caméra pour toujours</Trans>}
            confirm={<Trans>Confirmer le retrait</Trans>}
            run={(data) => retireCamera(camera.id, textOf(data, "motive"))}
            stale={STALE}
            done={t`Caméra retirée.`}
          >
            <p className="small">
              <Trans>Elle ne reviendra pas. Ce qui est enregistré suit son terme.</Trans>
            </p>
            <MotiveField minLength={3} />
          </ActButton>
        ) : null}
      </div>
    </Card>
  );
}

function Remaining({ camera }: { camera: Camera }) {
  const { t } = useLingui();
  const { legal } = camera;
  const rank = LIFE.indexOf(legal.state);
  const past = (state: (typeof LIFE)[number]) => rank >= LIFE.indexOf(state);
  const manages = useRole("chief", "mayor", "deputy");
  const installs = useRole("installer", "chief", "mayor", "deputy");
  const frames = useRole("installer", "officer", "chief", "mayor", "deputy");
  const validates = useRole("mayor", "deputy");
  const item = (
    key: string,
    done: boolean,
    label: string,
    rule: string,
    detail: string,
    action?: CheckItem["action"],
  ): CheckItem => ({
    key,
    state: done ? "ok" : "todo",
    label,
    rule,
    detail: done ? undefined : detail,
    action,
  });
  const items: CheckItem[] = [
    item(
      "order",
      past("authorised"),
      t`Couverte par l’arrêté du préfet`,
      "P-20",
      t`Rattachez la caméra à un arrêté en vigueur qui la cite.`,
      past("authorised") || !manages || !past("enrolled") ? undefined : <AuthoriseAct camera={camera} />,
    ),
    item(
      "class",
      typeof legal.narrow === "boolean",
      t`Plan déclaré`,
      "T-04",
      t`Dites si le plan est étroit et ce que la caméra filme : la définition et la cadence exigées en dépendent.`,
      installs && !past("commissioned") ? <FramingClassAct camera={camera} /> : undefined,
    ),
    item(
      "zones",
      past("framed"),
      t`Cadrée, zones privées tracées`,
      "P-10",
      t`Séance de cadrage ouverte par une personne habilitée, ou déclaration qu’aucune habitation n’est vue.`,
      frames && past("authorised") ? (
        <Link
          className={buttonClass({ size: "s" })}
          to="/cameras/$camera/cadrage"
          params={{ camera: camera.id }}
        >
          {past("framed") ? t`Revoir les zones` : t`Cadrer`}
        </Link>
      ) : undefined,
    ),
    item(
      "validated",
      Boolean(legal.zone_set) && !legal.zones_waiting,
      t`Zones validées par une deuxième personne`,
      "P-11",
      t`Le maire ou l’adjointe déléguée valide ce qu’une autre personne a tracé.`,
      validates && past("framed") ? <ValidateZonesAct camera={camera} /> : undefined,
    ),
    item(
      "panel",
      Boolean(legal.panel),
      t`Panneau d’information posé`,
      "P-80",
      t`Notez sa date et son lieu.`,
      installs && past("enrolled") && !legal.panel ? <PanelAct camera={camera} /> : undefined,
    ),
    item(
      "prefect",
      Boolean(legal.prefect_informed_us),
      t`Préfet informé de la mise en service`,
      "P-24",
      t`Avant la mise en service : notez la date.`,
      manages && past("authorised") && !legal.prefect_informed_us ? (
        <PrefectAct camera={camera} />
      ) : undefined,
    ),
    item(
      "commission",
      past("commissioned"),
      t`Réceptionnée`,
      "P-24",
      t`Définition, cadence, zones et panneau sont contrôlés de nouveau.`,
      installs && legal.state === "framed" ? (
        <ActButton
          label={<Trans>Réceptionner</Trans>}
          size="s"
          title={<Trans>Réceptionner la caméra</Trans>}
          confirm={<Trans>Réceptionner</Trans>}
          run={() => commissionCamera(camera.id)}
          stale={STALE}
          done={t`Caméra réceptionnée.`}
        >
          <p className="small">
            <Trans>Chaque condition est vérifiée maintenant. S’il en manque une, elle vous sera dite.</Trans>
          </p>
        </ActButton>
      ) : undefined,
    ),
    item(
      "service",
      legal.state === "in_service",
      t`En service`,
      "P-24",
      legal.state === "suspended"
        ? t`Suspendue : levez la cause, puis remettez en service.`
        : t`Elle diffuse et enregistre dès cet acte.`,
      manages && (legal.state === "commissioned" || legal.state === "suspended") ? (
        <ActButton
          label={
            legal.state === "suspended" ? (
              <Trans>Remettre en service</Trans>
            ) : (
              <Trans>Mettre en service</Trans>
            )
          }
          kind="primary"
          size="s"
          title={<Trans>Mettre la caméra en service</Trans>}
          confirm={<Trans>Mettre en service</Trans>}
          run={() => putInService(camera.id)}
          stale={STALE}
          done={t`Caméra en service.`}
        >
          <p className="small">
            <Trans>
              Elle diffuse aux personnes habilitées et enregistre dès maintenant, zones privées effacées.
            </Trans>
          </p>
        </ActButton>
      ) : undefined,
    ),
  ];
  return <Checklist items={items} label={t`Conditions du service`} />;
}

function AuthoriseAct({ camera }: { camera: Camera }) {
  const { t } = useLingui();
  const { commune } = useActing();
  const orders = useQuery(authorisationsQuery(commune));
  return (
    <ActButton
      label={<Trans>Rattacher</Trans>}
      size="s"
      title={<Trans>Rattacher la caméra à un arrêté</Trans>}
      confirm={<Trans>Rattacher à cet arrêté</Trans>}
      run={(data) => authoriseCamera(camera.id, textOf(data, "order"))}
      stale={STALE}
      done={(made) => (waits(made) ? t`Demandé : une autre personne confirme.` : t`Caméra autorisée.`)}
    >
      <SelectField label={t`Arrêté préfectoral`} name="order" required>
        {(orders.data?.orders ?? []).map((order) => (
          <option key={order.id} value={order.id}>
            {order.reference}
          </option>
        ))}
      </SelectField>
      {orders.data?.orders.length === 0 ? (
        <Note kind="warn" title={<Trans>Aucun arrêté enregistré.</Trans>}>
          <Link to="/autorisation">
            <Trans>Enregistrer l’arrêté d’abord</Trans>
          </Link>
        </Note>
      ) : null}
    </ActButton>
  );
}

function FramingClassAct({ camera }: { camera: Camera }) {
  const { t } = useLingui();
  const [narrow, setNarrow] = useState<"narrow" | "wide">(camera.legal.narrow ? "narrow" : "wide");
  return (
    <ActButton
      label={typeof camera.legal.narrow === "boolean" ? <Trans>Corriger</Trans> : <Trans>Déclarer</Trans>}
      size="s"
      title={<Trans>Déclarer le plan de la caméra</Trans>}
      confirm={<Trans>Déclarer ce plan</Trans>}
      run={(data) => declareFramingClass(camera.id, narrow === "narrow", data.get("fast") === "on")}
      stale={STALE}
      done={t`Plan déclaré.`}
    >
      <Choices
        legend={<Trans>Plan</Trans>}
        name="narrow"
        value={narrow}
        onChange={setNarrow}
        choices={[
          {
            value: "wide",
            label: <Trans>Large</Trans>,
            detail: <Trans>352 × 288 au moins, 6 images/s</Trans>,
          },
          { value: "narrow", label: <Trans>Étroit</Trans>, detail: <Trans>704 × 576 au moins</Trans> },
        ]}
      />
      <Check
        name="fast"
        label={t`Filme surtout des personnes en déplacement rapide (12 images/s)`}
        defaultChecked={camera.legal.fast_flows ?? false}
      />
    </ActButton>
  );
}

function ValidateZonesAct({ camera }: { camera: Camera }) {
  const { t } = useLingui();
  const sets = useQuery(zoneSetsQuery(camera.id));
  const pending = sets.data?.find((set) => !set.validated_us);
  if (!pending) return null;
  const count = pending.polygons.length;
  return (
    <ActButton
      label={<Trans>Valider</Trans>}
      grave
      kind="primary"
      size="s"
      title={<Trans>Valider les zones privées, version {pending.version}</Trans>}
      confirm={<Trans>Valider ces zones</Trans>}
      run={() => validateZones(camera.id, pending.id)}
      stale={STALE}
      done={t`Zones validées : elles s’appliquent dès maintenant.`}
    >
      <p>
        {count > 0
          ? t`Zones tracées : ${count}. Elles seront opaques sur tous les flux, en direct comme à l’enregistrement.`
          : t`Cette version déclare qu’aucune habitation n’est en vue.`}
      </p>
      <p className="small dim">
        <Trans>Validée par une autre personne que celle qui l’a tracée. Les deux noms sont au journal.</Trans>
      </p>
    </ActButton>
  );
}

function PanelAct({ camera }: { camera: Camera }) {
  const { t } = useLingui();
  return (
    <ActButton
      label={<Trans>Noter la pose</Trans>}
      size="s"
      title={<Trans>Panneau d’information</Trans>}
      confirm={<Trans>Noter la pose</Trans>}
      run={(data) => postPanel(camera.id, textOf(data, "date"), textOf(data, "place"))}
      stale={STALE}
      done={t`Panneau noté.`}
    >
      <DateField label={t`Date de pose`} name="date" required defaultValue={toParisFields(nowUs()).date} />
      <TextField
        label={t`Lieu`}
        name="place"
        required
        maxLength={200}
        help={t`Là où une personne entre dans le champ : « entrée du parvis, mât nord ».`}
      />
    </ActButton>
  );
}

function PrefectAct({ camera }: { camera: Camera }) {
  const { t } = useLingui();
  return (
    <ActButton
      label={<Trans>Noter la date</Trans>}
      size="s"
      title={<Trans>Information du préfet</Trans>}
      confirm={<Trans>Noter cette date</Trans>}
      run={(data) => informPrefect(camera.id, textOf(data, "date"))}
      stale={STALE}
      done={t`Date notée.`}
    >
      <DateField
        label={t`Le préfet est informé le`}
        name="date"
        required
        defaultValue={toParisFields(nowUs()).date}
        help={t`La mise en service ne peut pas précéder cette date.`}
      />
    </ActButton>
  );
}
