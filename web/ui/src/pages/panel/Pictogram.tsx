/** A camera on its bracket and the field that it sees: our own drawing, for a commune's panels (P-80). */
export function Pictogram() {
  return (
    <svg className="pictogram" viewBox="0 0 120 120" role="img" aria-label="Caméra">
      <rect x="3" y="3" width="114" height="114" rx="16" fill="#0c2b34" />
      <path d="M25 30v52" stroke="#fff" strokeWidth="9" strokeLinecap="round" />
      <path d="M25 56h20l8-9" stroke="#fff" strokeWidth="8" fill="none" strokeLinejoin="round" />
      <g transform="rotate(18 64 44)">
        <rect x="36" y="30" width="52" height="25" rx="5" fill="#fff" />
        <path d="M91 34l9-4v25l-9-4z" fill="#ffd45c" />
        <circle cx="76" cy="42.5" r="5.5" fill="#0c2b34" />
      </g>
      <path
        d="M96 70l10 32M86 72l-2 34M75 70L60 101"
        stroke="#ffd45c"
        strokeWidth="5"
        strokeLinecap="round"
        strokeDasharray="9 8"
      />
    </svg>
  );
}
