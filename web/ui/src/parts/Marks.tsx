/** Guet's tower, drawn for Guet. */
export function Brand({ label }: { label?: string }) {
  return (
    <>
      <svg viewBox="0 0 28 28" aria-hidden="true">
        <path d="M4 26V10h2V5h4v3h2.500V5h3v3H18V5h4v5h2v16z" />
        <path className="lit" d="M11 26v-6.500a3 3 0 0 1 6 0V26z" />
        <rect className="lit" x="12.500" y="11" width="3" height="3.500" rx=".5" />
      </svg>
      <span>{label ?? "Guet"}</span>
    </>
  );
}

const FIELDS = ["#1f5f8b", "#2f6b46", "#6b3a2f", "#5a4a8b"];
const SHIELD = "M2 2h24v16c0 7-6 11-12 13C8 29 2 25 2 18z";

/** A shield whose colours come from the commune's id: it belongs to no real commune. */
export function Crest({ commune, off }: { commune: string; off?: boolean }) {
  const sum = [...commune].reduce((total, letter) => total + (letter.codePointAt(0) ?? 0), 0);
  return (
    <svg className="crest" viewBox="0 0 28 32" aria-hidden="true">
      <path d={SHIELD} fill={off ? "#7d8b93" : FIELDS[sum % FIELDS.length]} />
      {off ? null : sum % 2 === 0 ? (
        <path d="M2 17c4-4 8-4 12 0s8 4 12 0v1c0 7-6 11-12 13C8 29 2 25 2 18z" fill="#f3efe2" />
      ) : (
        <path d="M2 2h12v29C8 29 2 25 2 18z" fill="#f3efe2" />
      )}
      {off ? null : <path d="M9 5h2v2h2V5h2v2h2V5h2v8H9z" fill="#ffd45c" />}
      <path d={SHIELD} fill="none" stroke="#fff" strokeOpacity=".35" />
    </svg>
  );
}

/** The town at night, on the door. */
export function Town() {
  return (
    <svg className="town" viewBox="0 0 720 190" aria-hidden="true">
      <path
        fill="#123d49"
        d="M0 190V120l46-34 46 34v20h30v-34l38-30 38 30v24h34V96l50-36 50 36v30h26v-20l40-30 40 30v40h34v-26l44-32 44 32v14h32v-32l46-34 46 34v-4h40V190z"
      />
      <path
        fill="#184f5e"
        d="M0 190v-36h70v-22l34-24 34 24v30h52v-24l40-28 40 28v20h60V54h12V40h14v14h12V40h14v14h12V40h14v14h12v104h64v-26l36-26 36 26v26h60v-20l32-22 32 22v26h62V190z"
      />
      <path fill="#ffd45c" d="M368 84a9 9 0 0 1 18 0v20h-18z" />
      <path
        fill="#0c2b34"
        d="M88 150h10v14H88zM224 148h10v14h-10zM516 146h10v14h-10zM656 154h10v14h-10zM340 122h10v16h-10zM404 122h10v16h-10z"
      />
    </svg>
  );
}
