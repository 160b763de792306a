include $(sort $(wildcard $(BR2_EXTERNAL_LYRE_PATH)/lyre/*.mk))
