import { useLingui } from "@lingui/react/macro";
import { useState } from "react";

/** The digest of the signed text, computed in this page: the file itself is not sent. */
export function SignedText({ label, required = false }: { label: string; required?: boolean }) {
  const { t } = useLingui();
  const [digest, setDigest] = useState("");
  const read = async (file: File | undefined) => {
    const bytes = file ? new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer())) : [];
    setDigest(Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""));
  };
  return (
    <div className="field">
      <label htmlFor="signed-text">{label}</label>
      <input
        id="signed-text"
        className="inp"
        type="file"
        required={required}
        accept="application/pdf,image/*"
        aria-describedby="signed-text-help"
        onChange={(event) => void read(event.target.files?.[0])}
      />
      <input type="hidden" name="document_sha256" value={digest} />
      <p className="help" id="signed-text-help" role="status">
        {digest
          ? t`Empreinte : ${digest.slice(0, 16)}…`
          : t`Le fichier reste à la mairie ; seule son empreinte est enregistrée.`}
      </p>
    </div>
  );
}
