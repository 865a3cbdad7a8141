declare module "htmx.org";
declare module "tom-select/dist/esm/plugins/remove_button/plugin.js" {
  const plugin: (this: unknown, options: { title?: string }) => void;
  export default plugin;
}
