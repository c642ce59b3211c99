import { Trans, useLingui } from "@lingui/react/macro";
import { CircleAlert, FileKey } from "lucide-react";
import { type FormEvent, useId, useRef, useState } from "react";
import { parseVkey, vkeyText } from "./package/notes";

/** A file larger than this is no key. */
const KEY_FILE_LIMIT_BYTES = 16 * 1024;

/** The verifier key in a small file; undefined when it holds none. */
export async function keyIn(file: Blob): Promise<string | undefined> {
  if (file.size > KEY_FILE_LIMIT_BYTES) return undefined;
  const key = parseVkey(await file.text());
  return key === undefined ? undefined : vkeyText(key);
}

interface KeyFieldProps {
  keys: readonly string[];
  onKey: (key: string) => void;
}

/** The commune's verifier key, pasted or chosen as a file: what makes an intact package an authentic one. */
export function KeyField({ keys, onKey }: KeyFieldProps) {
  const { t } = useLingui();
  const id = useId();
  const chooser = useRef<HTMLInputElement>(null);
  const [text, setText] = useState("");
  const [error, setError] = useState("");
  const take = (found: string | undefined): void => {
    if (found === undefined)
      setError(t`Ce n’est pas une clé de vérification : elle a la forme nom+identifiant+clé.`);
    else {
      setError("");
      setText("");
      onKey(found);
    }
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const key = parseVkey(text);
    take(key === undefined ? undefined : vkeyText(key));
  };
  return (
    <form className="stack-s" onSubmit={submit}>
      <div className="field">
        <label htmlFor={id}>
          <Trans>Clé publiée par la commune</Trans>
        </label>
        <input
          id={id}
          className="inp mono"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          autoComplete="off"
          spellCheck={false}
          aria-invalid={error !== ""}
          aria-describedby={`${id}-help`}
        />
        {error === "" ? null : (
          <p className="err" role="alert">
            <CircleAlert className="ic" aria-hidden />
            {error}
          </p>
        )}
        <p className="help" id={`${id}-help`}>
          <Trans>
            Prenez-la sur le site de la commune ou demandez-la lui, jamais dans le paquet : celle qu’il
            contient ne prouve rien par elle-même.
          </Trans>
        </p>
      </div>
      <div className="row">
        <button type="submit" className="btn btn-s">
          <Trans>Prendre cette clé</Trans>
        </button>
        <button type="button" className="btn btn-s" onClick={() => chooser.current?.click()}>
          <FileKey className="ic" aria-hidden />
          <Trans>Choisir un fichier de clé</Trans>
        </button>
        <input
          ref={chooser}
          type="file"
          hidden
          aria-label={t`Fichier de clé`}
          onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            event.currentTarget.value = "";
            if (file !== undefined) void keyIn(file).then(take);
          }}
        />
      </div>
      {keys.length === 0 ? null : (
        <ul className="stack-s small" aria-label={t`Clés connues ici`}>
          {keys.map((key) => (
            <li key={key} className="mono">
              {key}
            </li>
          ))}
        </ul>
      )}
    </form>
  );
}
