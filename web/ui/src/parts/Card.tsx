import { type ReactNode, useId } from "react";

interface CardProps {
  title?: ReactNode;
  /** Beside the title: a state, a count, a link. */
  aside?: ReactNode;
  /** `flush` holds a table edge to edge. */
  flush?: boolean;
  dense?: boolean;
  level?: 2 | 3;
  className?: string;
  children: ReactNode;
}

/** A titled block of a page; the title names the region. */
export function Card({ title, aside, flush, dense, level = 2, className = "", children }: CardProps) {
  const id = useId();
  const Title = level === 2 ? "h2" : "h3";
  const classes = ["card", flush && "card-0", dense && "card-s", className].filter(Boolean).join(" ");
  if (title === undefined) return <div className={classes}>{children}</div>;
  return (
    <section className={classes} aria-labelledby={id}>
      <header>
        <Title id={id}>{title}</Title>
        {aside ? <div className="small dim">{aside}</div> : null}
      </header>
      {children}
    </section>
  );
}

/** One figure with its words above and below. */
export function Figure({ label, value, detail }: { label: ReactNode; value: ReactNode; detail?: ReactNode }) {
  return (
    <div className="card card-s">
      <div className="fig">
        <span>{label}</span>
        <b>{value}</b>
        {detail ? <span>{detail}</span> : null}
      </div>
    </div>
  );
}

export interface Fact {
  label: ReactNode;
  value: ReactNode;
}

/** Names and values; rows without a value are left out. */
export function Facts({ items, roomy }: { items: readonly (Fact | null | false)[]; roomy?: boolean }) {
  return (
    <dl className={roomy ? "facts facts-roomy" : "facts"}>
      {items.map((item, index) =>
        item ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: the order of facts never changes
          <FactRow key={index} {...item} />
        ) : null,
      )}
    </dl>
  );
}

function FactRow({ label, value }: Fact) {
  return (
    <>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </>
  );
}
