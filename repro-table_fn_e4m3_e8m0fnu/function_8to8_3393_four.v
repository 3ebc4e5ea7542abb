// function_8to8_3393_four: entry of a table at an address
// functions of at most four inputs, some of them codes of others from modules that synthesis must not mix
`default_nettype none
module function_8to8_3393_four (
  input  wire [7:0] a,
  output wire [7:0] y
);
  wire [4:0] u_level1_y;
  level1_7to5 u_level1 (.a({a[7:3], a[1:0]}), .y(u_level1_y));
  wire [4:0] u_level2_y;
  level2_5to5 u_level2 (.a({u_level1_y[1:0], a[4:2]}), .y(u_level2_y));
  wire y_net = a[1] | a[0];
  wire y_sel = a[2] ? (u_level1_y[3] | y_net) : u_level1_y[3];
  wire y_sel_2 = u_level1_y[2] ? (~(a[2] | y_net)) : y_sel;
  wire y_sel_3 = a[3] ? (~y_sel_2) : (a[2] & ((~u_level1_y[3]) & y_net));
  wire y_net_2 = u_level1_y[3] & (a[1] & a[0]);
  wire y_sel_4 = a[2] ? (~y_net_2) : (u_level1_y[3] & y_net);
  wire y_sel_5 = u_level1_y[2] ? y_sel_4 : (a[2] | y_net_2);
  wire y_sel_6 = a[2] ? (~(u_level1_y[3] | a[1])) : (u_level1_y[3] | a[0]);
  wire y_sel_7 = u_level1_y[2] ? (~(a[2] | (u_level1_y[3] & a[1]))) : y_sel_6;
  wire y_sel_8 = a[3] ? y_sel_5 : y_sel_7;
  wire y_sel_9 = u_level1_y[4] ? y_sel_3 : y_sel_8;
  wire [2:0] u_level3_y;
  level3_4to3 u_level3 (.a({u_level2_y[2:0], a[5]}), .y(u_level3_y));
  wire y_net_3 = u_level2_y[1] & a[2];
  wire y_net_4 = u_level2_y[2] & y_net_3;
  wire y_sel_10 = u_level2_y[0] ? (u_level2_y[2] & u_level2_y[1]) : y_net_4;
  wire y_sel_11 = u_level2_y[0] ? (~((~u_level2_y[2]) & y_net_3)) : a[2];
  wire y_sel_12 = u_level2_y[0] ? y_net_4 : (u_level2_y[2] ^ (u_level2_y[1] | a[2]));
  wire y_sel_13 = a[5] ? y_sel_11 : y_sel_12;
  wire y_sel_14 = a[7] ? (a[5] & y_sel_10) : y_sel_13;
  wire y_net_5 = a[5] & u_level2_y[4];
  wire y_net_6 = a[5] | u_level2_y[4];
  wire y_sel_15 = a[3] ? (~u_level2_y[4]) : y_net_6;
  wire y_sel_16 = a[4] ? (a[3] & (a[5] ^ u_level2_y[4])) : y_sel_15;
  wire y_sel_17 = a[4] ? (a[3] | y_net_5) : ((~a[3]) & y_net_6);
  wire y_sel_18 = u_level2_y[3] ? (~y_sel_16) : y_sel_17;
  wire y_sel_19 = a[7] ? (a[4] & (a[3] & y_net_5)) : y_sel_18;
  wire [1:0] u_level4_y;
  level4_4to2 u_level4 (.a({u_level3_y, a[2]}), .y(u_level4_y));
  wire y_net_7 = u_level4_y[0] ^ u_level3_y[0];
  wire y_net_8 = ~a[7];
  wire y_sel_20 = u_level4_y[1] ? y_net_7 : (u_level4_y[0] & (y_net_8 & u_level3_y[0]));
  wire y_net_9 = ~(a[7] & (~y_net_7));
  wire y_sel_21 = u_level4_y[1] ? y_net_9 : (y_net_8 & y_net_7);
  wire y_sel_22 = u_level4_y[1] ? y_net_9 : (y_net_8 & ((~u_level4_y[0]) & u_level3_y[0]));

  assign y = {y_sel_20, y_sel_21, y_sel_21, y_sel_21, y_sel_22, y_sel_14, y_sel_19, y_sel_9};
endmodule
`default_nettype wire
