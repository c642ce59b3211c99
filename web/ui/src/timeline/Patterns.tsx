/** The hatchings that the drawings refer to. */
export function Patterns() {
  return (
    <svg width="0" height="0" className="vh" aria-hidden="true">
      <defs>
        <pattern id="hat" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <path className="hat" d="M0 0V8" />
        </pattern>
        <pattern id="hat2" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">
          <path className="hat2" d="M0 0V8" />
        </pattern>
        <pattern id="dots" width="6" height="6" patternUnits="userSpaceOnUse">
          <circle cx="2" cy="2" r="1" className="dotc" />
        </pattern>
      </defs>
    </svg>
  );
}
