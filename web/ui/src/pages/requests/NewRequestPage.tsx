import { Trans, useLingui } from "@lingui/react/macro";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { type Frame, openCollection, registerRequest } from "../../api/requests";
import { formatDate } from "../../i18n/format";
import { Button, Dialog, Refusal, useAttempt, useStepUp, useToast } from "../../parts";
import { typedOf } from "../../parts/DateFields";
import { useActing, useRole } from "../../session/SessionContext";
import { PageHead } from "../../shell/Page";
import { FIELD_WORDS } from "./frames";
import { AnswerBlock, FieldsBlock, FrameBlock } from "./NewRequestBlocks";
import { RangeBlock } from "./RangeBlock";
import { RequestSummary } from "./RequestSummary";
import {
  droppedFields,
  EMPTY_DRAFT,
  missingOf,
  type RequestDraft,
  toRequest,
  withFrame,
} from "./requestForm";

interface RangeSearch {
  camera?: unknown;
  from?: unknown;
  to?: unknown;
}

/** The range chosen in replay, carried here by the address. */
function fromSearch(search: RangeSearch, collects: boolean): RequestDraft {
  const instant = (value: unknown) =>
    typeof value === "number" && Number.isFinite(value)
      ? typedOf(value)
      : { date: "", time: "", later: false };
  const cameras = typeof search.camera === "string" ? search.camera.split(",").filter(Boolean) : [];
  const empty = collects ? { ...EMPTY_DRAFT, collects, fields: {} } : EMPTY_DRAFT;
  return { ...empty, cameras, from: instant(search.from), to: instant(search.to) };
}

/**
 * Registers a request: legal frame first, then what it demands, cameras, range, answer. An agent of the State opens a
 * collection with the same form (P-73). No picture is opened.
 */
export function NewRequestPage() {
  const { t } = useLingui();
  const { commune } = useActing();
  const client = useQueryClient();
  const navigate = useNavigate();
  const toast = useToast();
  const search = useSearch({ strict: false }) as RangeSearch;
  const collects = useRole("state_agent");
  const guarded = useStepUp();
  const [draft, setDraft] = useState(() => fromSearch(search, collects));
  const [tried, setTried] = useState(false);
  const [nextFrame, setNextFrame] = useState<Frame | null>(null);
  const { busy, error, attempt } = useAttempt();
  const missing = missingOf(draft);
  const summary = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (error) summary.current?.focus();
  }, [error]);
  const chooseFrame = (frame: Frame) => {
    if (droppedFields(draft, frame).length > 0) setNextFrame(frame);
    else setDraft(withFrame(draft, frame));
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    const request = toRequest(draft);
    if (!request) {
      summary.current?.focus();
      return;
    }
    await attempt(async () => {
      const made = collects
        ? await guarded(() => openCollection(commune, request), true)
        : await registerRequest(commune, request);
      await client.invalidateQueries({ queryKey: ["requests"] });
      const until = formatDate(made.hold_until_us);
      toast(
        collects
          ? t`Collecte ouverte, images gelées jusqu’au ${until}. Le maire en est averti.`
          : t`Demande enregistrée, images gelées jusqu’au ${until}.`,
      );
      await navigate({ to: "/demandes/$request", params: { request: made.request } });
    });
  };
  const shown = tried ? missing : [];
  return (
    <>
      <PageHead
        title={collects ? t`Ouvrir une collecte` : t`Enregistrer une demande`}
        above={{ to: "/demandes", word: collects ? t`Collectes` : t`Demandes`, here: t`Nouvelle` }}
        lead={
          collects
            ? t`Aucune image n’est ouverte ici. Ouvrir gèle la plage et le dit au maire ; l’extraction suit.`
            : t`Aucune image n’est ouverte ici. Enregistrer gèle la plage et lance le contrôle ; rien ne sort.`
        }
      />
      <form className="cols" noValidate onSubmit={(event) => void submit(event)}>
        <div className="stack">
          <FrameBlock
            frame={draft.frame}
            collects={collects}
            onChoose={chooseFrame}
            error={shown.includes("frame")}
          />
          <FieldsBlock draft={draft} onChange={setDraft} missing={shown} />
          <RangeBlock draft={draft} onChange={setDraft} missing={shown} />
          <AnswerBlock draft={draft} onChange={setDraft} missing={shown} />
        </div>
        <RequestSummary draft={draft} missing={missing} tried={tried} busy={busy} ref={summary}>
          {error ? <Refusal error={error} /> : null}
        </RequestSummary>
      </form>
      <DropDialog
        draft={draft}
        frame={nextFrame}
        onKeep={() => setNextFrame(null)}
        onDrop={(frame) => {
          setDraft(withFrame(draft, frame));
          setNextFrame(null);
        }}
      />
    </>
  );
}

interface DropDialogProps {
  draft: RequestDraft;
  frame: Frame | null;
  onKeep: () => void;
  onDrop: (frame: Frame) => void;
}

/** Says what another frame would drop, before dropping it (P-72). */
function DropDialog({ draft, frame, onKeep, onDrop }: DropDialogProps) {
  const { i18n } = useLingui();
  const dropped = frame ? droppedFields(draft, frame) : [];
  return (
    <Dialog open={frame !== null} onClose={onKeep} sheet title={<Trans>Changer de cadre légal</Trans>}>
      <p>
        <Trans>L’autre cadre ne demande pas ces champs. Ce que vous y avez saisi sera effacé :</Trans>
      </p>
      <ul className="stack-s">
        {dropped.map((name) => (
          <li key={name}>
            {i18n._(FIELD_WORDS[name])} : {draft.fields[name]}
          </li>
        ))}
      </ul>
      <footer className="row">
        <Button onClick={onKeep}>
          <Trans>Garder le cadre</Trans>
        </Button>
        <Button kind="primary" onClick={() => frame && onDrop(frame)}>
          <Trans>Changer de cadre</Trans>
        </Button>
      </footer>
    </Dialog>
  );
}
