import { plural } from "@lingui/core/macro";
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { ChevronLeft, ChevronRight, Keyboard, Maximize } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Camera } from "../api/cameras";
import { nowUs } from "../i18n/format";
import type { LiveSnapshot } from "../media/liveState";
import { Button } from "../parts";
import { useActing, useRole, useSession, useSessionAlive } from "../session/SessionContext";
import { Alarms, type Quiet } from "./Alarms";
import { LiveTile } from "./LiveTile";
import { columns, fitting, LAYOUTS, type Layout, readMemory, writeMemory } from "./layouts";
import { Hints, type Shortcut, Shortcuts } from "./Shortcuts";
import { useTileWords } from "./TileWords";
import { tileState } from "./tileState";
import { useTabVisible } from "./useLiveView";
import { useWallKeys } from "./useWallKeys";

const REVIEW_US = 30_000_000;

interface WallProps {
  cameras: readonly Camera[];
  commune: string;
}

/** The wall itself: layout, tiles, keys, alarms. */
export function Wall({ cameras, commune }: WallProps) {
  const { t } = useLingui();
  const { person } = useSession();
  const { name } = useActing();
  const asked = useSearch({ strict: false }) as { camera?: unknown };
  const navigate = useNavigate();
  const mayReplay = useRole("officer", "chief", "mayor", "deputy");
  const visible = useTabVisible();
  const alive = useSessionAlive();
  const wanted = visible && alive;
  const [memory, setMemory] = useState(() => readMemory(person.id, localStorage, fitting(cameras.length)));
  const [at, setAt] = useState(() =>
    Math.max(
      0,
      cameras.findIndex((camera) => camera.id === asked.camera),
    ),
  );
  const [big, setBig] = useState(asked.camera !== undefined);
  const [details, setDetails] = useState(false);
  const [help, setHelp] = useState(false);
  const [snapshots, setSnapshots] = useState<Record<string, LiveSnapshot>>({});
  const tiles = useRef(new Map<string, HTMLElement>());
  const wall = useRef<HTMLElement>(null);
  useEffect(() => writeMemory(person.id, memory, localStorage), [person.id, memory]);

  const { layout } = memory;
  const selected = Math.min(at, cameras.length - 1);
  const page = Math.floor(selected / layout);
  const pages = Math.ceil(cameras.length / layout);
  const shown = cameras.slice(page * layout, (page + 1) * layout);
  const camera = cameras[selected];

  const focusOn = (index: number): void => {
    setAt(index);
    // The tile may be on another page: it is there only once rendered.
    requestAnimationFrame(() => tiles.current.get(cameras[index]?.id ?? "")?.focus());
  };
  // The button is not shown full screen: the keys go on from the tile.
  const enterFullscreen = (): void => void wall.current?.requestFullscreen?.().then(() => focusOn(selected));
  const goToPage = (by: 1 | -1): void => {
    const next = page + by;
    if (next >= 0 && next < pages) focusOn(next * layout);
  };
  const call = (number: number): void => {
    const index = cameras.findIndex((each) => each.number === number);
    if (index < 0) return;
    setBig(true);
    focusOn(index);
  };
  const letter = (key: string): boolean => {
    if (key === "?") setHelp(true);
    else if (key === "i") setDetails(!details);
    else if (key === "m") void navigate({ to: "/commune" });
    else if (key === "r" && mayReplay && camera !== undefined) {
      void navigate({ to: "/relecture", search: { camera: camera.id, t: nowUs() - REVIEW_US } as never });
    } else return false;
    return true;
  };
  const { called, onKeyDown } = useWallKeys({
    count: cameras.length,
    width: columns(layout),
    at: selected,
    isBig: big,
    letters: memory.shortcuts,
    onMove: focusOn,
    onEnlarge: () => setBig(!big),
    onReturn: () => {
      setBig(false);
      focusOn(selected);
    },
    onPage: goToPage,
    onCall: call,
    onLetter: letter,
  });

  const onSnapshot = useCallback((id: string, snapshot: LiveSnapshot) => {
    setSnapshots((all) => (all[id] === snapshot ? all : { ...all, [id]: snapshot }));
  }, []);
  const words = useTileWords();
  const quiet = useMemo(
    () =>
      shown.flatMap((each): Quiet[] => {
        const snapshot = snapshots[each.id];
        if (snapshot === undefined || snapshot.state.kind === "live" || snapshot.state.kind === "connecting")
          return [];
        return [{ camera: each, state: tileState(snapshot), word: words(snapshot) }];
      }),
    [shown, snapshots, words],
  );
  const live = shown.filter((each) => snapshots[each.id]?.state.kind === "live").length;
  const focused = camera === undefined ? undefined : snapshots[camera.id];
  const shortcuts = useShortcuts(mayReplay);

  return (
    <div className="room">
      <div className="tools">
        <h1>{name || commune}</h1>
        <span className="cap dim">
          <Trans>
            {live} en direct sur {shown.length}
          </Trans>
        </span>
        <span className="push" />
        {pages > 1 && !big ? <Pages page={page} pages={pages} onPage={goToPage} /> : null}
        <LayoutChoice layout={layout} onLayout={(chosen) => setMemory({ ...memory, layout: chosen })} />
        <Button size="s" icon={Keyboard} className="only-l" onClick={() => setHelp(true)}>
          <Trans>Raccourcis</Trans>
        </Button>
        <Button size="s" icon={Maximize} onClick={enterFullscreen}>
          <Trans>Plein écran</Trans>
        </Button>
      </div>
      <section
        ref={wall}
        className={`wall wall-${layout}${big ? " has-big" : ""}`}
        aria-label={t`Mur d’images, ${plural(shown.length, { one: "# tuile", other: "# tuiles" })}`}
        onKeyDown={onKeyDown}
      >
        {shown.map((each, index) => {
          const mine = page * layout + index;
          const isBig = big && mine === selected;
          return (
            <LiveTile
              key={each.id}
              ref={(element) => {
                if (element === null) tiles.current.delete(each.id);
                else tiles.current.set(each.id, element);
              }}
              camera={each}
              commune={name}
              wanted={wanted}
              quality={isBig || layout === 1 ? "main" : "sub"}
              selected={mine === selected}
              big={isBig}
              details={details && mine === selected}
              onFocus={() => setAt(mine)}
              onOpen={() => setBig(!big)}
              onSnapshot={onSnapshot}
            />
          );
        })}
      </section>
      <Hints list={shortcuts.slice(0, 7)} label={t`Raccourcis clavier`} />
      <Alarms commune={commune} cameras={cameras} quiet={quiet} />
      <p className="called" role="status">
        {called === "" ? null : <Trans>Caméra n° {called}, puis Entrée</Trans>}
      </p>
      <p className="vh" role="status">
        {focused === undefined ? null : `${camera?.name}, ${words(focused)}`}
      </p>
      <Shortcuts
        open={help}
        onClose={() => setHelp(false)}
        list={shortcuts}
        letters={memory.shortcuts}
        onLetters={(on) => setMemory({ ...memory, shortcuts: on })}
      />
    </div>
  );
}

function LayoutChoice({ layout, onLayout }: { layout: Layout; onLayout: (layout: Layout) => void }) {
  const { t } = useLingui();
  return (
    <fieldset className="seg" aria-label={t`Nombre de tuiles`}>
      {LAYOUTS.map((each) => (
        <button key={each} type="button" aria-pressed={each === layout} onClick={() => onLayout(each)}>
          {each}
          <span className="vh">
            {" "}
            <Plural value={each} one="tuile" other="tuiles" />
          </span>
        </button>
      ))}
    </fieldset>
  );
}

function Pages({ page, pages, onPage }: { page: number; pages: number; onPage: (by: 1 | -1) => void }) {
  const { t } = useLingui();
  const shown = page + 1;
  return (
    <div className="row pages">
      <Button
        size="s"
        iconOnly
        icon={ChevronLeft}
        aria-label={t`Tuiles précédentes`}
        onClick={() => onPage(-1)}
      />
      <span className="cap">
        <Trans>
          Vue {shown} sur {pages}
        </Trans>
      </span>
      <Button
        size="s"
        iconOnly
        icon={ChevronRight}
        aria-label={t`Tuiles suivantes`}
        onClick={() => onPage(1)}
      />
    </div>
  );
}

function useShortcuts(mayReplay: boolean): Shortcut[] {
  const { t } = useLingui();
  const enter = t({ message: "Entrée", context: "touche" });
  return [
    { keys: ["←", "↑", "↓", "→"], does: t`tuile` },
    { keys: [enter], does: t`agrandir` },
    { keys: [t`Échap`], does: t`revenir` },
    { keys: [t`n°`, enter], does: t`appeler` },
    { keys: ["I"], does: t`détails` },
    ...(mayReplay ? [{ keys: ["R"], does: t`revoir 30 s` }] : []),
    { keys: ["?"], does: t`raccourcis` },
    { keys: ["M"], does: t`motif et commune` },
    { keys: [t`Page préc.`, t`Page suiv.`], does: t`vue précédente, suivante` },
    { keys: [t`Origine`, t`Fin`], does: t`première, dernière tuile` },
  ];
}
