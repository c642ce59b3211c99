// Bundles the players alone, without the application, for tests/browser/test_media_player.py.
export default {
  root: import.meta.dirname,
  base: "./",
  worker: { format: "es" },
  build: { outDir: process.env.GUET_MEDIA_PAGE, emptyOutDir: true, assetsInlineLimit: 0, target: "es2023" },
};
