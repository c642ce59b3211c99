import { Trans, useLingui } from "@lingui/react/macro";
import { CircleCheck, CircleMinus, CircleX } from "lucide-react";
import { KeyField } from "./KeyField";
import { Modal } from "./Modal";
import type { Code } from "./package/refused";
import { type Check, type Report, type Step, verdictOf } from "./package/report";
import { STEP_WORDS, VERDICT_WORDS, wordsOf } from "./words";

const ORDER: readonly Step[] = [
  "container",
  "manifest",
  "signature",
  "files",
  "seal",
  "timestamp",
  "chain",
  "video",
  "range",
  "journal",
];
/** More findings of one step than this are counted, not listed. */
const SHOWN_MAX = 40;

interface VerificationProps {
  report: Report;
  keys: readonly string[];
  onKey: (key: string) => void;
  onClose: () => void;
}

/** Each check with what it found, and the key that tells who signed. */
export function VerificationDialog({ report, keys, onKey, onClose }: VerificationProps) {
  const { i18n } = useLingui();
  const { signer } = report;
  return (
    <Modal title={<Trans>Vérification</Trans>} wide onClose={onClose}>
      <p className="strong" role="status">
        {i18n._(VERDICT_WORDS[verdictOf(report)])}
      </p>
      {signer === undefined ? null : (
        <dl className="facts">
          <dt>
            <Trans>Signataire</Trans>
          </dt>
          <dd>{signer.name}</dd>
          <dt>
            <Trans>Empreinte de sa clé</Trans>
          </dt>
          <dd className="mono">{signer.fingerprint}</dd>
        </dl>
      )}
      {signer?.known ? null : <KeyField keys={keys} onKey={onKey} />}
      <ul className="ck">
        {ORDER.map((step) => (
          <StepChecks key={step} step={step} checks={report.checks.filter((check) => check.step === step)} />
        ))}
      </ul>
    </Modal>
  );
}

function StepChecks({ step, checks }: { step: Step; checks: readonly Check[] }) {
  const { i18n } = useLingui();
  const sorted = [...checks].sort((a, b) => Number(a.ok) - Number(b.ok));
  const more = sorted.length - SHOWN_MAX;
  return sorted.slice(0, SHOWN_MAX).map(({ ok, found }, at) => (
    <li key={`${found.code} ${JSON.stringify(found.facts)}`}>
      <Outcome ok={ok} found={found} />
      <span className="finding">
        <b className="strong">{i18n._(STEP_WORDS[step])}</b> <span>{wordsOf(i18n, found)}</span>
        {at === SHOWN_MAX - 1 && more > 0 ? (
          <small>
            <Trans>et {more} autres</Trans>
          </small>
        ) : null}
      </span>
    </li>
  ));
}

/** What was not checked gets no tick. */
const UNCHECKED: readonly Code[] = ["time-none", "time-unchecked", "signature-unchecked"];

function Outcome({ ok, found }: Pick<Check, "ok" | "found">) {
  const isUnchecked = UNCHECKED.includes(found.code);
  const Icon = isUnchecked ? CircleMinus : ok ? CircleCheck : CircleX;
  return (
    <span className={isUnchecked ? "dim" : ok ? "c-ok" : "c-danger"}>
      <Icon className="ic" aria-hidden />
      <span className="vh">
        {isUnchecked ? <Trans>Non vérifié</Trans> : ok ? <Trans>Tient</Trans> : <Trans>Ne tient pas</Trans>}
      </span>
    </span>
  );
}
