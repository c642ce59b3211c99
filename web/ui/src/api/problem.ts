/** An RFC 9457 problem as our server words it: what, where, what to do, and the rule that decided. */

/** The members of `application/problem+json` that the server sends. */
export interface ProblemBody {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  where?: string;
  todo?: string;
  rule?: string;
  errors?: { field: string; message: string }[];
}

const URN = "urn:guet:";

/** A refused or failed call. `kind` is the stable slug; `status` 0 means that the server was not reached. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly kind: string;
  readonly status: number;
  readonly what: string;
  readonly where: string;
  readonly todo: string;
  readonly rule: string;
  readonly fields: Readonly<Record<string, string>>;

  constructor(body: ProblemBody, status: number) {
    super(body.title ?? "");
    this.kind = body.type?.startsWith(URN) ? body.type.slice(URN.length) : (body.type ?? "error");
    this.status = status;
    this.what = body.title ?? "";
    this.where = body.where ?? "";
    this.todo = body.todo ?? "";
    this.rule = body.rule ?? "";
    this.fields = Object.fromEntries((body.errors ?? []).map((error) => [error.field, error.message]));
  }

  /** No valid session: sign in (again). */
  get isSignedOut(): boolean {
    return this.status === 401;
  }

  /** The act wants the password again. */
  get needsStepUp(): boolean {
    return this.kind === "step-up-needed";
  }

  /** The password was right; the account wants a code as well. */
  get needsCode(): boolean {
    return this.kind === "second-factor-needed";
  }

  /** The server, or the keeper behind it, did not answer. */
  get isUnavailable(): boolean {
    return this.status === 0 || this.status >= 502;
  }

  /** A rule says no: no retry will change it. */
  get isRefusal(): boolean {
    return this.status === 403 && !this.needsStepUp;
  }
}

/** No passkey answered: the person closed the browser's question, none fits, or it took too long. */
export class NoPasskey extends Error {
  override readonly name = "NoPasskey";
}

/** The passkey answered, but computes no secret: it signs in, and cannot unlock a commune's key. */
export class NoSecret extends Error {
  override readonly name = "NoSecret";
}

/** The problem that a thrown value is, or a nameless one. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem({ type: `${URN}unreachable` }, 0);
}
