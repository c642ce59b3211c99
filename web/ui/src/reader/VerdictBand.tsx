import { Trans, useLingui } from "@lingui/react/macro";
import { CircleHelp, LoaderCircle, type LucideIcon, ShieldAlert, ShieldCheck, ShieldX } from "lucide-react";
import type { ReactNode } from "react";
import { formatBytes } from "../i18n/format";
import { type Report, type Verdict, verdictOf } from "./package/report";
import { VERDICT_WORDS, wordsOf } from "./words";

const LOOKS: Record<Verdict, { icon: LucideIcon; tone: string }> = {
  checking: { icon: LoaderCircle, tone: "info" },
  authentic: { icon: ShieldCheck, tone: "ok" },
  unknown: { icon: ShieldAlert, tone: "warn" },
  unchecked: { icon: CircleHelp, tone: "warn" },
  altered: { icon: ShieldX, tone: "danger" },
};

/** The verdict in words, always in sight. */
export function VerdictBand({ report, onDetails }: { report: Report; onDetails: () => void }) {
  const { i18n } = useLingui();
  const verdict = verdictOf(report);
  const { icon: Icon, tone } = LOOKS[verdict];
  return (
    <section className={`verdict verdict-${tone}`} aria-label={i18n._(VERDICT_WORDS[verdict])}>
      <Icon className="ic" aria-hidden />
      <div role="status">
        <h1>{i18n._(VERDICT_WORDS[verdict])}</h1>
        <p className="small">
          <Sentence report={report} verdict={verdict} />
        </p>
      </div>
      {report.done ? null : <Progress report={report} />}
      <button type="button" className="btn btn-s" onClick={onDetails}>
        <Trans>Détail de la vérification</Trans> <kbd>V</kbd>
      </button>
    </section>
  );
}

function Progress({ report }: { report: Report }) {
  const { t } = useLingui();
  const { readBytes, totalBytes } = report;
  return (
    <div className="verdict-progress">
      <progress className="bar" value={readBytes} max={totalBytes || 1} aria-label={t`Vérification`} />
      <span className="cap">
        <Trans>
          {formatBytes(readBytes)} sur {formatBytes(totalBytes)}
        </Trans>
      </span>
    </div>
  );
}

function Sentence({ report, verdict }: { report: Report; verdict: Verdict }): ReactNode {
  const { i18n } = useLingui();
  const name = report.signer?.name ?? "";
  switch (verdict) {
    case "checking":
      return (
        <Trans>
          Chaque fichier, chaque image et chaque signature est contrôlé. Vous pouvez déjà regarder.
        </Trans>
      );
    case "authentic":
      return (
        <Trans>
          Signé par {name}, dont la clé est connue ici. Les images sont celles qui ont été enregistrées.
        </Trans>
      );
    case "unknown":
      return (
        <Trans>
          Rien n’a été changé depuis la signature. Pour savoir qui a signé, donnez la clé que la commune
          publie.
        </Trans>
      );
    case "unchecked":
      return <Trans>Les empreintes tiennent, mais ce navigateur ne sait pas vérifier la signature.</Trans>;
    case "altered": {
      const failed = report.checks.filter(({ ok }) => !ok);
      const [first] = failed;
      return (
        <>
          {first === undefined ? null : wordsOf(i18n, first.found)}{" "}
          <Trans>Ce paquet n’est pas celui qui a été remis ; redemandez-le à la commune.</Trans>
        </>
      );
    }
  }
}
