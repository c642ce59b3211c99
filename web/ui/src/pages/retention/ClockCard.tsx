import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { CalendarClock, Check } from "lucide-react";
import { type ClockDoubt, confirmTime } from "../../api/retention";
import { formatDuration, formatLong, US_PER_S } from "../../i18n/format";
import { ActButton, Facts, MotiveField, Note, RuleTag, textOf } from "../../parts";
import { ServerWords } from "../../parts/ServerWords";
import { useActing, useRole } from "../../session/SessionContext";

interface ClockCardProps {
  doubt: ClockDoubt;
  /** What the machine's clock shows, µs. */
  nowUs: number;
  /** Cameras with footage that this clock alone calls due. */
  waiting: number;
}

/** Destruction waits because two clocks disagree: what each shows, what waits, and a person's word (P-30). */
export function ClockCard({ doubt, nowUs, waiting }: ClockCardProps) {
  const { t } = useLingui();
  const confirms = useRole("chief", "mayor", "deputy");
  // Rounded to minutes: the clocks differ by ten of them at least, and a figure that runs would look like a countdown.
  const minute = 60 * US_PER_S;
  const left = formatDuration(Math.ceil(doubt.believed_in_us / minute) * minute);
  return (
    <Note
      kind={doubt.grave ? "danger" : "info"}
      icon={CalendarClock}
      title={<ServerWords what={doubt.what} />}
    >
      <Facts
        items={[
          { label: t`La machine indique`, value: formatLong(nowUs) },
          { label: t`Le temps déjà compté`, value: formatLong(nowUs - doubt.ahead_us) },
          {
            label: t`Ce qui attend`,
            value: (
              <Plural
                value={waiting}
                _0="rien pour l’instant"
                one="des images échues de # caméra"
                other="des images échues de # caméras"
              />
            ),
          },
        ]}
      />
      <span>
        <Trans>
          Comparez avec une autre horloge. Fausse, faites-la régler : rien ne sera détruit à tort. Juste,
          confirmez-la. Sans réponse, elle sera crue après {left} de marche.
        </Trans>{" "}
        <Trans>Rien de ce qui attend ne se relit.</Trans> <RuleTag rule="P-30" />
      </span>
      {confirms ? <ConfirmAct doubt={doubt} nowUs={nowUs} waiting={waiting} /> : null}
    </Note>
  );
}

function ConfirmAct({ doubt, nowUs, waiting }: ClockCardProps) {
  const { t } = useLingui();
  const { commune } = useActing();
  return (
    <div className="row">
      <ActButton
        label={<Trans>L’heure est juste…</Trans>}
        icon={Check}
        size="s"
        danger
        grave
        title={<Trans>Confirmer l’heure de la machine</Trans>}
        confirm={<Trans>Confirmer l’heure et détruire</Trans>}
        run={(data) => confirmTime(commune, doubt.doubt_us, textOf(data, "motive"))}
        stale={["retention"]}
        done={t`Heure confirmée : ce qui est échu est détruit.`}
      >
        <p className="strong">{formatLong(nowUs)}</p>
        <p className="small">
          <Plural
            value={waiting}
            _0="Ce que cette heure dit échu est détruit aussitôt, sans retour, pour votre commune seule."
            one="Les images échues de # caméra sont détruites aussitôt, sans retour, pour votre commune seule."
            other="Les images échues de # caméras sont détruites aussitôt, sans retour, pour votre commune seule."
          />{" "}
          <Trans>Un gel garde ce qu’il garde.</Trans>
        </p>
        <MotiveField
          label={t`Comment vous l’avez vérifiée`}
          minLength={3}
          placeholder={t`horloge parlante, 14:12`}
        />
      </ActButton>
    </div>
  );
}
