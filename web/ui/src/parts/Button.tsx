import type { LucideIcon } from "lucide-react";
import { type ButtonHTMLAttributes, type ReactNode, type Ref, useId } from "react";

export type ButtonKind = "plain" | "primary" | "danger" | "danger-fill" | "quiet";

export interface ButtonLook {
  kind?: ButtonKind | undefined;
  size?: "s" | "m" | "l" | undefined;
  wide?: boolean | undefined;
  iconOnly?: boolean | undefined;
}

const KINDS: Record<ButtonKind, string> = {
  plain: "",
  primary: " btn-1",
  danger: " btn-x",
  "danger-fill": " btn-x1",
  quiet: " btn-0",
};

/** Class of a button, for links that look like one. */
export function buttonClass({ kind = "plain", size = "m", wide, iconOnly }: ButtonLook = {}): string {
  const sizes = { s: " btn-s", m: "", l: " btn-l" };
  return `btn${KINDS[kind]}${sizes[size]}${wide ? " btn-w" : ""}${iconOnly ? " btn-i" : ""}`;
}

export interface ButtonProps extends ButtonLook, ButtonHTMLAttributes<HTMLButtonElement> {
  icon?: LucideIcon;
  /** Why it cannot be used now: the button stays focusable and the reason is read beside it. */
  reason?: string | undefined;
  /** A call is running: a second press does nothing. */
  busy?: boolean | undefined;
  ref?: Ref<HTMLButtonElement>;
  children?: ReactNode;
}

/** One button. The label names the act; one primary a view. */
export function Button({
  kind,
  size,
  wide,
  iconOnly,
  icon: Icon,
  reason,
  busy,
  children,
  onClick,
  type = "button",
  className = "",
  ...rest
}: ButtonProps) {
  const reasonId = useId();
  const off = Boolean(reason) || Boolean(busy);
  return (
    <>
      <button
        {...rest}
        type={off && type === "submit" ? "button" : type}
        className={`${buttonClass({ kind, size, wide, iconOnly })} ${className}`.trim()}
        aria-disabled={off || undefined}
        aria-describedby={reason ? reasonId : rest["aria-describedby"]}
        onClick={off ? undefined : onClick}
      >
        {Icon ? <Icon className="ic" aria-hidden /> : null}
        {children}
      </button>
      {reason ? (
        <span id={reasonId} className="small dim">
          {reason}
        </span>
      ) : null}
    </>
  );
}
