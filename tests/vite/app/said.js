export const said = "first";
