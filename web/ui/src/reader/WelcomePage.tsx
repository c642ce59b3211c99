import { Trans, useLingui } from "@lingui/react/macro";
import { CircleX, FolderOpen, Info, PackageOpen } from "lucide-react";
import { type DragEvent, useEffect, useRef, useState } from "react";
import { type Abilities, abilities } from "./browser";
import { KeyField } from "./KeyField";
import type { Found } from "./package/refused";
import { wordsOf } from "./words";

interface WelcomeProps {
  opening: boolean;
  refused: { name: string; found: Found } | undefined;
  keys: readonly string[];
  onKey: (key: string) => void;
  onFiles: (files: readonly File[]) => void;
}

/** Before a package is open: what to do, and why one was refused. */
export function WelcomePage({ opening, refused, keys, onKey, onFiles }: WelcomeProps) {
  const { t, i18n } = useLingui();
  const chooser = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const onDrop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    onFiles([...event.dataTransfer.files]);
  };
  return (
    <main className="welcome" id="contenu">
      <h1>
        <Trans>Lire et vérifier un paquet de preuve</Trans>
      </h1>
      <p className="lead">
        <Trans>
          Ce fichier est un lecteur complet : il montre les enregistrements remis par une commune et vérifie
          qu’ils sont bien ceux qui ont été enregistrés. Rien ne quitte cet ordinateur, aucun réseau n’est
          utilisé.
        </Trans>
      </p>
      {refused === undefined ? null : (
        <div className="note note-danger" role="alert">
          <CircleX className="ic" aria-hidden />
          <div>
            <b>
              <Trans>Paquet refusé : {refused.name}</Trans>
            </b>
            <p>{wordsOf(i18n, refused.found)}</p>
            <p>
              <Trans>Rien n’en est montré. Redemandez le paquet à la commune.</Trans>
            </p>
          </div>
        </div>
      )}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: dropping is a second way; the button is the first */}
      <div
        className={`card drop${over ? " drop-over" : ""}`}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={onDrop}
      >
        <PackageOpen className="ic drop-icon" aria-hidden />
        <h2>
          <Trans>Ouvrir le paquet</Trans>
        </h2>
        <p className="dim">
          <Trans>Le paquet est le fichier .zip remis par la commune. Ne le décompressez pas.</Trans>
        </p>
        <button
          type="button"
          className="btn btn-1 btn-l"
          aria-disabled={opening || undefined}
          onClick={() => chooser.current?.click()}
        >
          <FolderOpen className="ic" aria-hidden />
          {opening ? <Trans>Ouverture…</Trans> : <Trans>Choisir le paquet</Trans>}
        </button>
        <p className="small dim hide-s">
          <Trans>ou déposez-le ici</Trans>
        </p>
        <input
          ref={chooser}
          type="file"
          hidden
          accept=".zip"
          aria-label={t`Fichier du paquet`}
          onChange={(event) => {
            const files = [...(event.currentTarget.files ?? [])];
            event.currentTarget.value = "";
            onFiles(files);
          }}
        />
      </div>
      <section className="card">
        <h2>
          <Trans>Reconnaître le signataire (facultatif)</Trans>
        </h2>
        <p>
          <Trans>
            Sans la clé de la commune, le lecteur dit si le paquet est intact. Avec elle, il dit s’il est
            authentique.
          </Trans>
        </p>
        <KeyField keys={keys} onKey={onKey} />
      </section>
      <Lacks />
    </main>
  );
}

/** What this browser lacks, in words; nothing when it has all. */
function Lacks() {
  const [found, setFound] = useState<Abilities>();
  useEffect(() => void abilities().then(setFound), []);
  if (found === undefined || (found.decoder && found.signatures)) return null;
  return (
    <div className="note note-warn">
      <Info className="ic" aria-hidden />
      <div>
        <b>
          <Trans>Ce navigateur ne sait pas tout faire</Trans>
        </b>
        {found.decoder ? null : found.mediaSource ? (
          <p>
            <Trans>
              Il n’a pas WebCodecs : la lecture se fait image après image, moins fluide. Rien d’autre ne
              manque.
            </Trans>
          </p>
        ) : (
          <p>
            <Trans>Il ne sait pas lire de vidéo donnée par une page : les images ne s’afficheront pas.</Trans>
          </p>
        )}
        {found.signatures ? null : (
          <p>
            <Trans>
              Il ne sait pas vérifier les signatures Ed25519 : l’intégrité sera dite, pas le signataire.
            </Trans>
          </p>
        )}
        <p>
          <Trans>Un Chromium ou un Firefox récent fait tout.</Trans>
        </p>
      </div>
    </div>
  );
}
