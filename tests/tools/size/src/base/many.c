/* Enough short functions that nine of ten are short. */

int
short_1(void)
{
	return 1;
}

int
short_2(void)
{
	return 2;
}

int
short_3(void)
{
	return 3;
}

int
short_4(void)
{
	return 4;
}

int
short_5(void)
{
	return 5;
}

int
short_6(void)
{
	return 6;
}

int
short_7(void)
{
	return 7;
}

int
short_8(void)
{
	return 8;
}

int
short_9(void)
{
	return 9;
}

int
short_10(void)
{
	return 10;
}

int
short_11(void)
{
	return 11;
}

int
short_12(void)
{
	return 12;
}

int
short_13(void)
{
	return 13;
}

int
short_14(void)
{
	return 14;
}

int
short_15(void)
{
	return 15;
}

int
short_16(void)
{
	return 16;
}

int
short_17(void)
{
	return 17;
}

int
short_18(void)
{
	return 18;
}

int
short_19(void)
{
	return 19;
}

int
short_20(void)
{
	return 20;
}
