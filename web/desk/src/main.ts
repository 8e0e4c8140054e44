// Where the desk begins.

import {createApp} from "vue";
import "@fontsource-variable/inter";
import App from "./app/App.vue";
import "./ui/tokens.css";
import "./ui/base.css";

createApp(App).mount("#app");
