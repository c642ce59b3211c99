import { Trans } from "@lingui/react/macro";
import type { Camera } from "../api/cameras";
import { formatNumber } from "../i18n/format";
import type { LiveSnapshot } from "../media/liveState";
import type { LiveView } from "../media/liveView";
import { Facts, useNow } from "../parts";

interface TileDetailsProps {
  camera: Camera;
  snapshot: LiveSnapshot;
  view: LiveView | undefined;
}

/** What a tile says on demand only: codec, definition, latency, stream, clock of the camera. */
export function TileDetails({ camera, snapshot, view }: TileDetailsProps) {
  const { stream, quality, substituted, late } = snapshot;
  useNow(1000);
  const lagMs = view?.lagMs;
  const health = camera.streams.find((each) => each.stream === quality);
  const width = stream?.width ?? 0;
  const height = stream?.height ?? 0;
  const fps = formatNumber(Math.round(health?.fps ?? 0));
  const lag = formatNumber(Math.round((lagMs ?? 0) / 10) * 10);
  const offset = formatNumber(camera.clock_offset_ms);
  return (
    <div className="tile-details">
      <Facts
        items={[
          {
            label: <Trans>Flux</Trans>,
            value: (
              <>
                {quality === "main" ? <Trans>principal</Trans> : <Trans>secondaire</Trans>}
                {substituted ? <Trans> (le H.265 principal ne s’ouvre pas ici)</Trans> : null}
              </>
            ),
          },
          stream !== undefined && { label: <Trans>Codec</Trans>, value: stream.codec },
          width > 0 && {
            label: <Trans>Définition</Trans>,
            value: (
              <Trans>
                {width} × {height}, {fps} images/s
              </Trans>
            ),
          },
          lagMs !== undefined && {
            label: <Trans>Délai</Trans>,
            value: (
              <>
                <Trans>{lag} ms de la prise de vue à l’écran</Trans>
                {late ? <Trans> ; des images ont été sautées</Trans> : null}
              </>
            ),
          },
          camera.clock_offset_ms !== 0 && {
            label: <Trans>Horloge de la caméra</Trans>,
            value: <Trans>{offset} ms d’écart</Trans>,
          },
        ]}
      />
    </div>
  );
}
