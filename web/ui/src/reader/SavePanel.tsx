import { Trans, useLingui } from "@lingui/react/macro";
import { Camera, CircleAlert, Download, Scissors } from "lucide-react";
import { useState } from "react";
import { formatBytes, formatDuration, formatTime } from "../i18n/format";
import type { Points } from "../room/replay/selection";
import type { Container } from "./package/container";
import type { Stream } from "./package/manifest";
import { foundIn } from "./package/refused";
import { handOver } from "./save/png";
import { type Origin, sequenceProvenance } from "./save/provenance";
import { type SavedPart, sequenceOf } from "./save/sequence";
import { wordsOf } from "./words";

interface SaveProps {
  container: Container;
  stream: Stream;
  origin: Origin;
  points: Points;
  /** Sets a mark at the position of this very moment. */
  onMark: (which: keyof Points) => void;
  onStill: () => void;
  saved: string;
}

/** The picture on screen and a sequence between two marks, saved without loss. */
export function SavePanel({ container, stream, origin, points, onMark, onStill, saved }: SaveProps) {
  const { t, i18n } = useLingui();
  const [parts, setParts] = useState<{ stream: Stream; parts: readonly SavedPart[] }>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const { inUs, outUs } = points;
  const prepare = async (): Promise<void> => {
    if (inUs === undefined || outUs === undefined) {
      setError(t`Posez d’abord l’entrée et la sortie.`);
      return;
    }
    setError("");
    setParts(undefined);
    setBusy(true);
    try {
      const made = await sequenceOf(container, stream, { fromUs: inUs, toUs: outUs });
      setParts({ stream, parts: made });
      if (made.length === 0) setError(t`Aucune image de cette caméra entre ces deux instants.`);
    } catch (failure) {
      const { code, facts } = foundIn(failure);
      setError(wordsOf(i18n, { code, facts: { file: stream.name, ...facts } }));
    }
    setBusy(false);
  };
  const name = stream.name;
  return (
    <section className="stack-s">
      <h2>
        <Trans>Enregistrer</Trans>
      </h2>
      <p className="small dim">
        <Trans>De la caméra choisie : {name}.</Trans>
      </p>
      <button type="button" className="btn btn-s" onClick={onStill}>
        <Camera className="ic" aria-hidden />
        <Trans>L’image affichée, en PNG</Trans> <kbd>S</kbd>
      </button>
      <p className="small" role="status">
        {saved}
      </p>
      <div className="io">
        <button type="button" className="btn btn-s" onClick={() => onMark("inUs")}>
          <Trans>Entrée ici</Trans> <kbd>I</kbd>
        </button>
        <button type="button" className="btn btn-s" onClick={() => onMark("outUs")}>
          <Trans>Sortie ici</Trans> <kbd>O</kbd>
        </button>
      </div>
      <dl className="facts">
        <dt>
          <Trans>Entrée</Trans>
        </dt>
        <dd>{inUs === undefined ? "–" : formatTime(inUs, true)}</dd>
        <dt>
          <Trans>Sortie</Trans>
        </dt>
        <dd>
          {outUs === undefined ? "–" : formatTime(outUs, true)}
          {inUs === undefined || outUs === undefined ? null : ` (${formatDuration(outUs - inUs)})`}
        </dd>
      </dl>
      <button
        type="button"
        className="btn btn-s"
        aria-disabled={busy || undefined}
        onClick={() => void prepare()}
      >
        <Scissors className="ic" aria-hidden />
        {busy ? <Trans>Préparation…</Trans> : <Trans>Préparer la séquence, en MP4</Trans>}
      </button>
      <div role="status" className="stack-s">
        {error === "" ? null : (
          <p className="err">
            <CircleAlert className="ic" aria-hidden />
            <span>{error}</span>
          </p>
        )}
        {(parts?.parts ?? []).map((part) => (
          <Part
            key={part.name}
            part={part}
            text={sequenceProvenance(i18n, origin, parts?.stream ?? stream, part)}
          />
        ))}
      </div>
    </section>
  );
}

/** One file of the sequence and the text that goes with it; each is saved by its own press. */
function Part({ part, text }: { part: SavedPart; text: string }) {
  return (
    <div className="part">
      <p className="small">
        <b className="strong">
          {formatTime(part.fromUs, true)} → {formatTime(part.toUs, true)}
        </b>
        , {formatBytes(part.content.size)}
      </p>
      <p className="cap mono dim">SHA-256 {part.sha256}</p>
      <div className="io">
        <button type="button" className="btn btn-s" onClick={() => handOver(part.content, part.name)}>
          <Download className="ic" aria-hidden />
          <Trans>La vidéo</Trans>
        </button>
        <button
          type="button"
          className="btn btn-s"
          onClick={() => handOver(new Blob([text], { type: "text/plain" }), part.name.replace(/mp4$/, "txt"))}
        >
          <Download className="ic" aria-hidden />
          <Trans>Sa provenance</Trans>
        </button>
      </div>
    </div>
  );
}
